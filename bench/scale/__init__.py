"""The operator at scale, on a control plane of its own whose nodes and pods are only told of.

All of it runs in network, process and mount namespaces of its own, on a file system in memory: nothing else on the
machine notices it, and with its first process all of it is gone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence

from bench.scale.options import PROGRAMS, Options
from cluster import binaries

_NEEDED = ("go", "unshare", "ip", "mount", "openssl")
_NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")


def main(arguments: Sequence[str]) -> int:
    """Build what is needed, then measure in namespaces of our own; return the exit code."""
    Options.parse(arguments)
    lacks = [] if os.geteuid() == 0 else ["to be root, for namespaces of its own"]
    lacks += [f"the program {name}" for name in _NEEDED if shutil.which(name) is None]
    if lacks:
        raise SystemExit(f"scale: a control plane of its own needs {'; '.join(lacks)}")
    programs = {"KUBERNETES": str(binaries.build(_say)), "KWOK": str(binaries.tool("kwok", _say))}
    inside = subprocess.Popen(
        [*_NAMESPACES, sys.executable, "-m", "bench.scale", *arguments],
        env=os.environ | {PROGRAMS + name: path for name, path in programs.items()},
        # Ctrl-C is for us alone: we end all of it at once.
        start_new_session=True,
    )
    signal.signal(signal.SIGTERM, lambda *_: inside.kill())
    try:
        return inside.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        inside.kill()
        inside.wait()


def _say(line: str) -> None:
    print(f"scale: {line}", flush=True)
