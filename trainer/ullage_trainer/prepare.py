"""The prepare stage as a task: the data set goes into the attempt's own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .channel import Message, Reporter, Result
from .config import ConfigError, Progress, StageDocument, StopRequested
from .data.prepare import prepare


def prepare_stage(document: StageDocument, reporter: Reporter, stop_requested: Callable[[], bool]) -> Result:
    """Prepare the data set; return which assets were used."""
    if document.data is None:
        raise ConfigError("prepare: expected data in the document")

    def progress(what: str, step: int, total: int) -> None:
        if stop_requested():
            raise StopRequested("prepare: stopped on request")
        reporter.progress(lambda: Message(progress=Progress(doing=what[:64], step=step, total_steps=total)))

    root = Path(document.storage.root)
    prepared = prepare(document.data, root, root / document.storage.output, progress=progress)
    samples = sum(prepared.rows.values())
    reporter.doing("data set written", step=1, total=1, samples=samples, bytes_read=prepared.bytes_read)
    return Result(uses=list(prepared.uses))
