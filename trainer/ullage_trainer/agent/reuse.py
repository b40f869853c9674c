"""Whether a stage has to run at all: the digest of its inputs and of the fields that affect its output."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ullage_trainer.artifacts import MANIFEST_NAME, digest_of, file_digest, find_reusable, read_manifest
from ullage_trainer.config import ConfigError, InputMissing, ModelSpec, Output, Stage, StageDocument
from ullage_trainer.data.digest import prepare_digest
from ullage_trainer.paths import resolve

_FORMAT = 1
"""Raise it when a stage writes something else for the same inputs."""

Progress = Callable[[str, int, int], None]


def stage_digest(document: StageDocument, progress: Progress) -> str:
    """Return the digest of a stage.

    Raises
    ------
    TrainerError
        If an input is not there or not whole.
    """
    root = Path(document.storage.root)
    if document.stage is Stage.PREPARE:
        if document.data is None:
            raise ConfigError("prepare: expected data in the document")
        return digest_of(["prepare", _FORMAT, prepare_digest(document.data, root, progress=progress)])
    facts: list[Any] = [document.stage.value, _FORMAT, _content(root, document.dataset, "inputs.dataset")]
    if document.stage is Stage.TRAIN:
        facts += [_fields(document.model), _fields(document.training), document.gang.size, _libraries()]
        if document.model is not None and document.model.module is not None:
            facts.append(_code(root, document.model))
    else:
        facts += [_content(root, document.trained, "inputs.trained"), _fields(document.quantize), _libraries()]
    return digest_of(facts)


def earlier_output(document: StageDocument, digest: str) -> Output | None:
    """Return what an earlier run of the job made from the same inputs, if it is whole."""
    return find_reusable(Path(document.storage.root), document.storage.job, document.stage, digest)


def _fields(spec: Any) -> Any:
    return None if spec is None else spec.model_dump(mode="json", by_alias=True)


def _content(root: Path, folder: str | None, field: str) -> str:
    path = resolve(root, folder or "")
    if not (path / MANIFEST_NAME).is_file():
        raise InputMissing(
            f"{field}: expected the folder of a finished stage, with a {MANIFEST_NAME}, found "
            f"{'none in ' if path.is_dir() else 'no folder '}{folder!r}; name the output of an earlier run"
        )
    return read_manifest(path).content_digest


def _libraries() -> list[str]:
    return [version(name) for name in ("ullage", "keras")]


def _code(root: Path, model: ModelSpec) -> Any:
    """Digest the user's code: the whole folder, or the installed module's own file."""
    if model.code_path is not None:
        folder = resolve(root, model.code_path)
        return {str(path.relative_to(folder)): file_digest(path) for path in sorted(folder.rglob("*.py"))}
    name = (model.module or "").partition(":")[0]
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        found = None
    # A module that is not there is the stage's own error to tell.
    return file_digest(Path(found.origin)) if found and found.origin and Path(found.origin).is_file() else None
