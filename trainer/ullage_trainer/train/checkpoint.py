"""Checkpoints: arrays and position in a folder of their own, a manifest with checksums last.

They lie in the attempt's own folder; an attempt reads those of others and writes and deletes only its own.
A folder without a manifest, or whose file differs from its checksum, is passed over for the one before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from ullage_trainer.artifacts import CHECKPOINTS_FOLDER, MANIFEST_NAME, FileEntry, file_digest, write_atomically
from ullage_trainer.config import Checkpoint, Model, StorageFailure

from .position import Position

STATE_NAME: Final = "state.npz"
Arrays = Mapping[str, npt.NDArray[np.generic]]


class CheckpointManifest(Model):
    """What a checkpoint is of, and what its file must be."""

    version: Literal["ullage.dev/checkpoint/v1alpha1"] = "ullage.dev/checkpoint/v1alpha1"
    """The format's version."""
    digest: str
    """The digest of data, model and training: only the same job goes on from it."""
    step: int
    """Steps done."""
    written_ms: int
    """When it was whole: milliseconds since 1970 UTC."""
    state: FileEntry
    """The file of arrays."""
    position: Position
    """Where training stands."""
    own_sha256: str = ""
    """Of all the rest of this manifest."""

    def sealed(self) -> CheckpointManifest:
        """Return it with its own checksum, by which a reader sees that nothing in it has changed."""
        rest = self.model_dump_json(by_alias=True, exclude={"own_sha256"})
        return self.model_copy(update={"own_sha256": hashlib.sha256(rest.encode()).hexdigest()})


@dataclass(frozen=True)
class Found:
    """A checkpoint that is whole."""

    folder: Path
    manifest: CheckpointManifest

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return its arrays by name; nothing but arrays is read."""
        with np.load(self.folder / STATE_NAME, allow_pickle=False) as state:
            return {name: state[name] for name in state.files}


def newest(root: Path, job: str, run: Path, digest: str, say: Callable[[str], None] = lambda _: None) -> Found | None:
    """Return the whole checkpoint of this job with the most steps.

    Looks in this run, and in earlier runs of the job that were cut off before the stage was done; what an
    earlier run finished is not gone on from.

    Parameters
    ----------
    root
        Storage.
    job
        The job's folder, relative to ``root``.
    run
        This run's folder.
    digest
        What the checkpoint must be of.
    say
        Told of checkpoints that are passed over, and why.
    """
    candidates: list[Found] = []
    for other in (root / job).glob("runs/*"):
        if other.resolve() != run.resolve() and any(other.glob(f"train-*/{MANIFEST_NAME}")):
            continue
        candidates += _manifests(other, digest, say)
    for found in sorted(candidates, key=_progress, reverse=True):
        if (fault := _fault(found)) is None:
            return found
        say(f"{found.folder.relative_to(root)}: {fault}; the checkpoint before it is used")
    return None


def _progress(found: Found) -> tuple[int, int, int]:
    """Order checkpoints: of two after the same step, one may have the epoch's evaluation behind it."""
    return found.manifest.step, found.manifest.position.epoch, found.manifest.written_ms


def _manifests(run: Path, digest: str, say: Callable[[str], None]) -> Iterator[Found]:
    for path in sorted(run.glob(f"train-*/{CHECKPOINTS_FOLDER}/step-*/{MANIFEST_NAME}")):
        try:
            manifest = CheckpointManifest.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            found = "one that is not whole" if isinstance(error, ValidationError) else str(error)
            say(f"{path}: expected the manifest of a checkpoint, found {found}; it is passed over")
            continue
        if manifest.sealed() != manifest:
            say(f"{path}: expected a manifest as its own checksum says, found other content; it is passed over")
        elif manifest.digest == digest:
            yield Found(path.parent, manifest)


def _fault(found: Found) -> str | None:
    path, expected = found.folder / STATE_NAME, found.manifest.state
    try:
        size = path.stat().st_size
        if size != expected.bytes:
            return f"expected {expected.bytes:,} bytes in {STATE_NAME}, found {size:,}"
        if file_digest(path) != expected.sha256:
            return f"expected {STATE_NAME} as its checksum says, found other content"
    except OSError as error:
        return f"expected to read {STATE_NAME}, found: {error.strerror}"
    return None


@dataclass
class CheckpointWriter:
    """Writes checkpoints of one attempt from a thread of its own; training waits only while arrays are copied."""

    root: Path
    """Storage."""
    output: str
    """The attempt's folder, relative to ``root``."""
    digest: str
    keep_last: int
    written: Callable[[Checkpoint], None]
    """Called when a checkpoint is whole, from the writing thread."""
    _best: str | None = field(default=None, init=False)
    _pending: Future[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")

    def write(self, arrays: Arrays, position: Position, step: int) -> None:
        """Begin to write a checkpoint, once the one before is written; the arrays must not change any more.

        Weights that are not finite are not kept: nothing could go on from them.

        Raises
        ------
        StorageFailure
            If the one before could not be written.
        """
        self.wait()
        if all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f"):
            self._pending = self._thread.submit(self._write, arrays, position, step)

    def wait(self) -> None:
        """Return once what was begun is written.

        Raises
        ------
        StorageFailure
            If it could not be.
        """
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            pending.result()
        except OSError as error:
            raise StorageFailure(
                f"{self.output}/{CHECKPOINTS_FOLDER}: expected to write a checkpoint, found: "
                f"{error.strerror or error}; is there room left, and may this user write there?"
            ) from error

    def close(self) -> None:
        """Wait, and end the thread."""
        try:
            self.wait()
        finally:
            self._thread.shutdown()

    def _write(self, arrays: Arrays, position: Position, step: int) -> None:
        name = f"step-{step:010}-epoch-{position.epoch:06}"
        folder = self.root / self.output / CHECKPOINTS_FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / STATE_NAME).open("wb") as out:
            np.savez(out, allow_pickle=False, **arrays)
            out.flush()
            os.fsync(out.fileno())
        state = FileEntry(sha256=file_digest(folder / STATE_NAME), bytes=(folder / STATE_NAME).stat().st_size)
        now_ms = time.time_ns() // 1_000_000
        manifest = CheckpointManifest(
            digest=self.digest,
            step=step,
            written_ms=now_ms,
            state=state,
            position=position,
        ).sealed()
        write_atomically(folder / MANIFEST_NAME, manifest.model_dump_json(by_alias=True).encode())
        if position.is_best:
            self._best = name
        self._tidy()
        path = f"{self.output}/{CHECKPOINTS_FOLDER}/{name}"
        self.written(Checkpoint(path=path, step=step, epoch=position.epoch, written_ms=now_ms))

    def _tidy(self) -> None:
        folders = sorted((self.root / self.output / CHECKPOINTS_FOLDER).glob("step-*"))
        for folder in folders[: -self.keep_last]:
            if folder.name != self._best:
                # The manifest first: half a checkpoint must not look like a whole one.
                (folder / MANIFEST_NAME).unlink(missing_ok=True)
                shutil.rmtree(folder, ignore_errors=True)
