"""The stage as a whole: every step is written before the next one reads it, and counted from what was written."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from ullage_trainer.config import Data, StorageFailure, Use
from ullage_trainer.config.data import SplitName

from .dataset import INFO_NAME, DatasetInfo
from .digest import fingerprint
from .engine import engine
from .files import SourceFile, locate
from .markdown import as_markdown
from .parts import checksums, count_parts, describe, fit_features, layout_of, write_parts
from .pipeline import REJECTED, Pipeline
from .progress import Progress
from .report import DataReport
from .schema import check

WORK: Final = ".work"
REPORT_NAME: Final = "report.json"


@dataclass(frozen=True)
class Prepared:
    """What the stage made."""

    uses: tuple[Use, ...]
    """What was used of each source."""
    bytes_read: int
    """Size of all files."""
    rows: dict[SplitName, int]
    """Rows of each part."""
    report: DataReport
    """What became of every row."""
    info: DatasetInfo
    """What the data set holds."""


def prepare(data: Data, root: Path, output: Path, *, progress: Progress = lambda *_: None) -> Prepared:
    """Read, clean, label, integrate, split and transform, and write a data set and its report.

    What is written depends on the files' contents, the manifest and its seed alone. Memory does not grow
    with the data: what does not fit spills to ``output/.work``, which is removed at the end.

    Parameters
    ----------
    data
        What to do.
    root
        The storage directory; all paths lie in it.
    output
        The folder to write: ``dataset.json``, the parts' shards, ``report.json``, ``report.md``, ``rejected/``.
    progress
        Called with what is being done, how much of it is done, and how much there is.

    Raises
    ------
    ConfigError
        The manifest asks for what can't be done.
    InputMissing
        Files or columns are not there.
    DataInvalid
        The data can't be used; where rows were rejected, ``rejected/`` is still written.
    StorageFailure
        Storage can't be read or written.
    """
    check(data)
    files = locate(data, root)
    prints = {name: fingerprint(of_source, progress) for name, of_source in files.items()}
    output.mkdir(parents=True, exist_ok=True)
    work = output / WORK
    for stale in (work, output / REJECTED):
        shutil.rmtree(stale, ignore_errors=True)
    (output / INFO_NAME).unlink(missing_ok=True)
    work.mkdir()
    try:
        with engine(work) as connection:
            report, info = _run(Pipeline(connection, data, work, progress), files, output)
    except (OSError, duckdb.IOException) as error:
        raise StorageFailure(f"the prepare stage can't read or write storage: {error}; is there room left?") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    (output / REPORT_NAME).write_text(report.model_dump_json(by_alias=True, indent=2) + "\n")
    (output / "report.md").write_text(as_markdown(report))
    # Last: with it, the data set is complete.
    (output / INFO_NAME).write_text(info.model_dump_json(by_alias=True, indent=2) + "\n")
    size_bytes = sum(file.size_bytes for of_source in files.values() for file in of_source)
    return Prepared(_uses(report, files, prints), size_bytes, dict(info.rows), report, info)


def _run(pipeline: Pipeline, files: dict[str, list[SourceFile]], output: Path) -> tuple[DataReport, DatasetInfo]:
    data, connection, progress = pipeline.data, pipeline.connection, pipeline.progress
    try:
        rows = pipeline.run(files)
    finally:
        # Also when all rows were rejected: why is what the reader of the error wants to know.
        pipeline.write_rejects(output)
    parts = count_parts(rows, pipeline.class_names)
    progress("fitting features", 0, 1)
    fitted = fit_features(connection, rows, data)
    layout = layout_of(data, fitted, pipeline.sources[data.label.source].image_shape)
    progress("writing shards", 0, 1)
    shard_rows = write_parts(connection, rows, fitted, layout, output)
    report = DataReport(
        sources=[source.report for source in pipeline.sources.values()],
        label=pipeline.label,
        class_names=pipeline.class_names,
        integrate=pipeline.integrate,
        split=parts,
        features=[feature.report for feature in fitted],
    )
    return report, checksums(describe(data, layout, report, shard_rows), output, progress)


def _uses(report: DataReport, files: dict[str, list[SourceFile]], prints: dict[str, str]) -> tuple[Use, ...]:
    return tuple(
        Use(
            asset=source.source,
            fingerprint=prints[source.source],
            rows_read=source.read,
            rows_accepted=source.kept,
            bytes=sum(file.size_bytes for file in files[source.source]),
        )
        for source in report.sources
    )
