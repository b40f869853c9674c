"""kubectl, called as a user calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cluster import binaries


def kubectl(kubeconfig: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run kubectl on a cluster, with a text at its standard input."""
    program = binaries.kubectl(lambda line: print(f"cluster: {line}", file=sys.stderr))
    command = [str(program), "--kubeconfig", str(kubeconfig), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=text)
