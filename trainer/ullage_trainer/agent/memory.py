"""Whether the kernel ended processes of this container for want of memory: its own count of that."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_V1_MOUNT: Final = Path("/sys/fs/cgroup/memory")
_V2_MOUNT: Final = Path("/sys/fs/cgroup")


def oom_kills(own: Path = Path("/proc/self/cgroup"), v1: Path = _V1_MOUNT, v2: Path = _V2_MOUNT) -> int | None:
    """Return how many processes of this control group were ended for want of memory; null where nothing tells.

    In a container the group's path is that of the host, while its files are mounted at the root: both are tried.
    """
    try:
        groups = own.read_text().splitlines()
    except OSError:
        return None
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            files = [v1 / path.lstrip("/") / "memory.oom_control", v1 / "memory.oom_control"]
        elif controllers == "":
            files = [v2 / path.lstrip("/") / "memory.events", v2 / "memory.events"]
        else:
            continue
        for file in files:
            if (count := _count(file)) is not None:
                return count
    return None


def _count(file: Path) -> int | None:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("oom_kill ")]
    return int(found[0]) if found else None
