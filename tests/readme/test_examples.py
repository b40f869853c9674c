"""The examples on the page are those of the repository, or work as they stand."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from ullage_operator.api import load
from ullage_trainer.config import Stage
from ullage_trainer.models import ModelShape, build_model


def test_every_line_of_the_manifest_explained_is_in_the_example(readme, root: Path) -> None:
    example = (root / "manifests" / "examples" / "flight-delays.yaml").read_text().splitlines()
    there = {re.sub(r"\s+#.*$", "", line).strip() for line in example}
    shown = "".join(readme.blocks("yaml", "A manifest, part by part")).splitlines()
    assert [line for line in shown if line.strip() not in there] == []


def test_the_job_with_an_own_model_is_valid(readme) -> None:
    (manifest,) = readme.blocks("yaml", "Your own Keras model")
    (job,) = load(manifest, source="README.md")
    assert job.spec.stages == (Stage.PREPARE, Stage.TRAIN)


def test_the_own_model_is_built_from_the_file_and_the_manifest_as_shown(
    readme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (manifest,) = readme.blocks("yaml", "Your own Keras model")
    (code,) = readme.blocks("python", "Your own Keras model")
    (job,) = load(manifest, source="README.md")
    name = re.match(r"# \.ullage/storage/(\S+)", code)[1]
    assert name == f"{job.spec.model.code_path}/digits.py"
    (tmp_path / "digits.py").write_text(code)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "digits", raising=False)
    model = build_model(job.spec.model, ModelShape((28, 28, 1), 10), tmp_path)
    assert (model.input_shape, model.output_shape) == ((None, 28, 28, 1), (None, 10))
