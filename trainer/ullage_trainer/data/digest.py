"""Digests of what goes in: of each file's bytes, of a source, and of the whole stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ullage_trainer.config import Data

from .files import CHUNK_BYTES, SourceFile, locate
from .progress import Progress

FORMAT_VERSION: Final = "ullage.dev/dataset/v1alpha2"
"""Changes whenever the same input would be written differently, so that nothing old is reused."""


def file_digest(path: Path, progress: Progress) -> str:
    """Return the SHA-256 of a file's bytes, in hex; it is read in pieces."""
    digest, done, size_bytes = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress(f"hashing {path.name}", done, size_bytes)
    return digest.hexdigest()


def fingerprint(files: Iterable[SourceFile], progress: Progress) -> str:
    """Return the SHA-256 over the digests of a source's files, in their order."""
    return hashlib.sha256("\n".join(file_digest(file.path, progress) for file in files).encode()).hexdigest()


def prepare_digest(data: Data, root: Path, *, progress: Progress = lambda *_: None) -> str:
    """Return the digest of everything that the stage's output depends on.

    Two calls give the same digest exactly if the manifest (defaults filled in), the files' contents and
    :data:`FORMAT_VERSION` are the same.

    Raises
    ------
    ConfigError, InputMissing
        As :func:`~ullage_trainer.data.files.locate` does.
    """
    body = {
        "format": FORMAT_VERSION,
        "data": data.model_dump(mode="json", by_alias=True),
        "sources": {name: fingerprint(files, progress) for name, files in locate(data, root).items()},
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
