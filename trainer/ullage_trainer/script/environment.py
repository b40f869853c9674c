"""What a script is told through its environment, and what its arguments come to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ullage_trainer.artifacts import CHECKPOINTS_FOLDER
from ullage_trainer.config import StageDocument
from ullage_trainer.reporting import CHECKPOINT_VARIABLE

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")


def script_environment(document: StageDocument) -> dict[str, str]:
    """Return the variables that tell a script where things are: absolute paths."""
    root = Path(document.storage.root).resolve()
    output = root / document.storage.output
    variables = {
        "ULLAGE_STORAGE_DIR": str(root),
        "ULLAGE_OUTPUT_DIR": str(output),
        CHECKPOINT_VARIABLE: str(output / CHECKPOINTS_FOLDER),
    }
    return variables | ({"ULLAGE_DATASET_DIR": str(root / document.dataset)} if document.dataset is not None else {})


def expand(arguments: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """Replace ``$(NAME)`` as Kubernetes does in a container's ``args``.

    ``$$`` stands for one ``$``, and what names no variable stays as it is.
    """

    def value(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else variables.get(found[1], found[0])

    return [_REFERENCE.sub(value, argument) for argument in arguments]
