"""The node's control groups: all its processes are in them, also where what was written down of it is lost."""

from __future__ import annotations

from pathlib import Path

import psutil

from cluster.components import CGROUP

_ROOT = Path("/sys/fs/cgroup")
_NODE = "node"
"""The group of the node's own parts; the kubelet's, with the pods, is its neighbour."""


def make() -> Path:
    """Make the groups; return the file by which a process enters that of the node's own parts."""
    for hierarchy in _hierarchies():
        group = hierarchy / CGROUP
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((hierarchy / name).read_text())
    entered = _naming() / CGROUP / _NODE
    entered.mkdir(exist_ok=True)
    return entered / "cgroup.procs"


def members() -> list[psutil.Process]:
    """Return all processes of the node: its own parts and its pods."""
    found = {}
    for hierarchy in _hierarchies():
        for file in (hierarchy / CGROUP).rglob("cgroup.procs"):
            try:
                for pid in map(int, file.read_text().split()):
                    found[pid] = psutil.Process(pid)
            except (OSError, psutil.NoSuchProcess):
                continue  # It has ended meanwhile, or its group has.
    return list(found.values())


def remove() -> bool:
    """Remove the groups; tell whether all of them could be."""
    for hierarchy in _hierarchies():
        group = hierarchy / CGROUP
        for path in [*sorted((p for p in group.rglob("*") if p.is_dir()), reverse=True), group]:
            try:
                path.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                return False
    return True


def _hierarchies() -> list[Path]:
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return sorted({path.resolve() for path in _ROOT.iterdir() if (path / "cgroup.procs").exists()})


def _naming() -> Path:
    """Return the hierarchy that the node's own parts are found by: one without limits, where there is one."""
    unified = [path for path in (_ROOT, _ROOT / "unified") if (path / "cgroup.controllers").exists()]
    return next(iter(unified), _ROOT / "pids")
