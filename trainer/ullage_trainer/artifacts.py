"""What a stage leaves behind: files in the attempt's own folder, and last a manifest with their checksums.

A folder without a manifest is an attempt that did not finish; nothing reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from .channel import Result
from .config import Model, Output, Stage, StorageFailure

MANIFEST_NAME: Final = "manifest.json"
CHECKPOINTS_FOLDER: Final = "checkpoints"
"""Where an attempt keeps what to go on from: each has a manifest of its own, and none is what the stage made."""


class FileEntry(Model):
    """A file of a stage's output."""

    sha256: str
    """Digest of the content."""
    bytes: int
    """Size."""


class Manifest(Model):
    """What a finished stage made, and from what."""

    version: Literal["ullage.dev/manifest/v1alpha1"] = "ullage.dev/manifest/v1alpha1"
    """The format's version."""
    stage: Stage
    """Which stage made it."""
    digest: str
    """The digest of the inputs and of the fields that affect the output."""
    files: dict[str, FileEntry]
    """Files by path relative to the folder."""
    result: Result
    """What the stage reported, to be reported again where it is reused."""

    @property
    def content_digest(self) -> str:
        """Digest what was made: the input of the stages that follow."""
        return digest_of({path: entry.sha256 for path, entry in sorted(self.files.items())})


def digest_of(facts: Any) -> str:
    """Return the sha256 of canonical JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return a file's sha256."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a reader sees the old content or the new, also after a power cut."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)


def seal(folder: Path, stage: Stage, digest: str, result: Result) -> Manifest:
    """Write the manifest over all files of a folder, checkpoints left out; from then on the output counts."""
    files = {
        str(path.relative_to(folder)): FileEntry(sha256=file_digest(path), bytes=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST_NAME and path.relative_to(folder).parts[0] != CHECKPOINTS_FOLDER
    }
    manifest = Manifest(stage=stage, digest=digest, files=files, result=result)
    write_atomically(folder / MANIFEST_NAME, manifest.model_dump_json(by_alias=True, indent=1).encode())
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Return a folder's manifest.

    Raises
    ------
    StorageFailure
        If there is none, or it can't be read.
    """
    path = folder / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise StorageFailure(
            f"{path}: expected the manifest of a finished stage, found none; was the stage cut off? run it again"
        ) from error
    except (OSError, ValidationError) as error:
        raise StorageFailure(f"{path}: expected a readable manifest, found {error}") from error


def damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files that are missing or differ from their checksum."""
    return [
        name
        for name, entry in manifest.files.items()
        if not (folder / name).is_file()
        or (folder / name).stat().st_size != entry.bytes
        or file_digest(folder / name) != entry.sha256
    ]


def find_reusable(root: Path, job: str, stage: Stage, digest: str) -> Output | None:
    """Return an earlier output of the job with this digest whose files are whole, the newest first."""
    for folder in sorted(_finished(root / job, stage), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            manifest = read_manifest(folder)
        except StorageFailure:
            continue
        if manifest.digest == digest and not damaged_files(folder, manifest):
            return Output(path=str(folder.relative_to(root)), digest=digest, reused=True)
    return None


def _finished(job: Path, stage: Stage) -> Iterator[Path]:
    for manifest in job.glob(f"runs/*/{stage}-*/{MANIFEST_NAME}"):
        yield manifest.parent
