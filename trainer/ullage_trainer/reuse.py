"""Whether a stage has to run at all: the digest of its inputs and of the fields that affect its output."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ullage_trainer.artifacts import MANIFEST_NAME, digest_of, file_digest, find_reusable, read_manifest
from ullage_trainer.config import ConfigError, InputMissing, Output, Stage, StageDocument
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
    if document.script is not None:
        # What a program of the user's own depends on is not known: it is done once a job, and not again in this one.
        return digest_of(["script", _FORMAT, document.job.uid, _fields(document.script)])
    facts: list[Any] = [document.stage.value, _FORMAT, _content(root, document.dataset, "inputs.dataset")]
    if document.stage is Stage.TRAIN:
        facts += [training_digest(document), document.gang.size]
    else:
        facts += [_content(root, document.trained, "inputs.trained"), _fields(document.quantize), _libraries()]
    return digest_of(facts)


def training_digest(document: StageDocument) -> str:
    """Return the digest of what is trained on what, and how, on however many ranks: what a checkpoint is of.

    Raises
    ------
    TrainerError
        If the data set is not there or not whole.
    """
    root = Path(document.storage.root)
    training = None if document.training is None else document.training.model_dump(mode="json", exclude={"checkpoints"})
    facts = [_content(root, document.dataset, "inputs.dataset"), _fields(document.model), training, _libraries()]
    references = [] if document.model is None or document.model.module is None else [document.model.module]
    references += document.training.custom_metrics if document.training is not None else []
    if document.model is not None and references:
        facts.append(_code(root, document.model.code_path, references))
    return digest_of(["training", _FORMAT, *facts])


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


def _code(root: Path, code_path: str | None, references: list[str]) -> Any:
    """Digest the user's code: the whole folder, or the installed modules' own files."""
    if code_path is not None:
        folder = resolve(root, code_path)
        return {str(path.relative_to(folder)): file_digest(path) for path in sorted(folder.rglob("*.py"))}
    return [_module_digest(reference.partition(":")[0]) for reference in references]


def _module_digest(name: str) -> str | None:
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        found = None
    # A module that is not there is the stage's own error to tell.
    return file_digest(Path(found.origin)) if found and found.origin and Path(found.origin).is_file() else None
