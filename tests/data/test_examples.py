from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ullage_trainer.config import Data, ModelSpec, Quantize, Training
from ullage_trainer.data.schema import check

EXAMPLES = Path(__file__).resolve().parents[2] / "manifests" / "examples"


@pytest.mark.parametrize("name", ["flight-delays", "mnist", "fashion-mnist"])
def test_an_example_is_valid_and_its_columns_fit_together(name: str) -> None:
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    assert (document["apiVersion"], document["kind"]) == ("ullage.dev/v1alpha1", "TrainingJob")
    assert document["metadata"] == {"name": name}
    spec = document["spec"]
    check(Data.model_validate(spec["data"]))
    for kind, field in ((ModelSpec, "model"), (Training, "training"), (Quantize, "quantize")):
        kind.model_validate(spec[field])
