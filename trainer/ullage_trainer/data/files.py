"""The files of sources: which there are, whether they are there, and their bytes without compression."""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ullage_trainer.config import Data, DataInvalid, InputMissing, TrainerError
from ullage_trainer.config.data import Source
from ullage_trainer.paths import existing_file

CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """One file of a source."""

    field: str
    """The manifest's field that names it."""
    name: str
    """Its path relative to storage, as the manifest has it."""
    path: Path
    """Where it is."""

    @property
    def size_bytes(self) -> int:
        """Its size as it lies there, compressed or not."""
        return self.path.stat().st_size


def named_paths(index: int, source: Source) -> Iterator[tuple[str, str]]:
    """Yield each file of the source at ``index`` as (field in the manifest, path relative to storage)."""
    where = f"data.sources[{index}]"
    if source.idx:
        yield f"{where}.idx.images", source.idx.images
        yield f"{where}.idx.labels", source.idx.labels
    for name, part in (("csv", source.csv), ("parquet", source.parquet), ("jsonLines", source.json_lines)):
        if part:
            yield from ((f"{where}.{name}.paths[{number}]", path) for number, path in enumerate(part.paths))


def locate(data: Data, root: Path) -> dict[str, list[SourceFile]]:
    """Return the files of each source by its name.

    Raises
    ------
    ConfigError
        A path leads out of storage.
    InputMissing
        Files are not there, or are empty; all of them are named.
    """
    files: dict[str, list[SourceFile]] = {}
    problems: list[TrainerError] = []
    for index, source in enumerate(data.sources):
        files[source.name] = []
        for field, name in named_paths(index, source):
            try:
                found = SourceFile(field, name, existing_file(root, name, field=field))
                if found.size_bytes == 0:
                    raise InputMissing(
                        f"{field}: expected data in {name!r}, found an empty file (0 bytes); fetch it anew"
                    )
                files[source.name].append(found)
            except TrainerError as error:
                problems.append(error)
    if problems:
        # One type for all of them: a path that climbs out is the graver fault.
        kind = next((type(p) for p in problems if not isinstance(p, InputMissing)), InputMissing)
        raise kind("\n".join(str(problem) for problem in problems))
    return files


def plain(file: SourceFile, work: Path) -> Path:
    """Return a path to the file's bytes without compression: itself, or for ``.gz`` a copy in ``work``.

    Decompressing first tells a truncated file from a whole one, and a plain file is read in parallel.

    Raises
    ------
    DataInvalid
        The compressed file is truncated or damaged, or holds nothing.
    """
    if file.path.suffix != ".gz":
        return file.path
    target = work / f"{len(list(work.iterdir()))}-{file.path.stem}"
    try:
        with gzip.open(file.path, "rb") as packed, target.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, CHUNK_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataInvalid(
            f"{file.field}: expected a whole gzip file at {file.name!r}, found one that is truncated or damaged "
            f"({error}); fetch it anew, and compare its size of {file.size_bytes:,} bytes with the original's"
        ) from error
    if target.stat().st_size == 0:
        raise DataInvalid(f"{file.field}: expected data in {file.name!r}, found a gzip file that holds nothing")
    return target
