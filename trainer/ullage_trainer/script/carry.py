"""A script's checkpoints outlive the attempt that wrote them: the next one begins with a copy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ullage_trainer.artifacts import CHECKPOINTS_FOLDER
from ullage_trainer.config import StageDocument
from ullage_trainer.paths import resolve

_ATTEMPT = re.compile(r"train-([0-9]+)")


def carry_over(document: StageDocument) -> Path | None:
    """Copy the checkpoints of the run's newest earlier attempt that has some; return where they came from.

    Called once an attempt, by worker 0 and before any rank starts. A copy, since an attempt that was cut off
    may still write to its own.

    Raises
    ------
    OSError
        If storage can't be read or written.
    """
    output = resolve(Path(document.storage.root), document.storage.output)
    mine = output / CHECKPOINTS_FOLDER
    mine.mkdir(parents=True, exist_ok=True)
    if any(mine.iterdir()):
        return None
    for number, folder in sorted(_attempts(output.parent), reverse=True):
        source = folder / CHECKPOINTS_FOLDER
        if number < document.attempt and source.is_dir() and any(source.iterdir()):
            shutil.copytree(source, mine, dirs_exist_ok=True)
            return source
    return None


def _attempts(run: Path) -> list[tuple[int, Path]]:
    found = ((_ATTEMPT.fullmatch(folder.name), folder) for folder in run.iterdir())
    return [(int(match[1]), folder) for match, folder in found if match is not None]
