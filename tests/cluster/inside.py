"""The first process of the node's own namespaces: mounts, network, and all parts, which end with it.

A part that somebody ends is started again, as on any node; one that ends by itself ends the node.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cluster.components import ADDRESS, HOST_ADDRESS, Component, components

_HIDDEN = ("/run", "/var/lib", "/var/log")
"""Folders of the machine that the node sees empty: it leaves nothing in them."""
_KEPT = ("containerd", "kubelet", "cni")
"""Folders of /var/lib that are too large for memory, or that overlay file systems can't be in."""
_SYSCTLS = {"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1"}
"""What the kubelet wants of the whole machine: it is shown these values and changes none."""
_PATIENCE_SECONDS = 20.0
_ENDED_BY_OTHERS = (-signal.SIGTERM, -signal.SIGKILL)


def main(state: Path, binaries: Path) -> int:
    """Run all parts until one of them ends by itself."""
    _mount(state)
    _connect()
    logs = state / "logs"
    logs.mkdir(exist_ok=True)
    running = {_start(component, state, logs): component for component in components(state, binaries)}
    while True:
        # Whatever loses its parent in these namespaces comes here.
        pid, status = os.wait()
        if pid not in running:
            continue
        component, code = running.pop(pid), os.waitstatus_to_exitcode(status)
        if code not in _ENDED_BY_OTHERS:
            print(f"{component.name} ended with {code}: see {logs}", flush=True)
            return 1
        running[_start(component, state, logs)] = component


def _start(component: Component, state: Path, logs: Path) -> int:
    with (logs / f"{component.name}.log").open("ab") as log:
        process = subprocess.Popen(
            component.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=state
        )
    return process.pid


def _mount(state: Path) -> None:
    _run("mount", "-t", "proc", "proc", "/proc")
    hidden = state / "hidden"
    hidden.mkdir(exist_ok=True)
    for name, value in _SYSCTLS.items():
        shown, real = hidden / name.replace("/", "."), Path("/proc/sys") / name
        shown.write_text(f"{value}\n")
        _run("mount", "--bind", str(shown), str(real))
    for folder in _HIDDEN:
        _run("mount", "-t", "tmpfs", "tmpfs", folder)
    for name in _KEPT:
        (state / name).mkdir(exist_ok=True)
        Path("/var/lib", name).mkdir()
        _run("mount", "--bind", str(state / name), f"/var/lib/{name}")
    _run("mount", "--make-rshared", "/")


def _connect() -> None:
    _run("ip", "link", "set", "lo", "up")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not Path("/proc/self/net/dev").read_text().count("node0"):
        if time.monotonic() > deadline:
            raise SystemExit("the link to the machine has not come")
        time.sleep(0.02)
    _run("ip", "address", "add", f"{ADDRESS}/30", "dev", "node0")
    _run("ip", "link", "set", "node0", "up")
    _run("ip", "route", "add", "default", "via", HOST_ADDRESS)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)}: {ended.stderr.strip()}")


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, 9)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
