"""Starting and ending the node, which lives in namespaces of its own: with its first process all of it is gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from cluster import binaries, image
from cluster.components import CGROUP, HOST_ADDRESS, LINK, PAUSE, SOCKET, configure

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cluster"
KUBECONFIG = FOLDER / "kubeconfig"
_STATE = FOLDER / "state"
_PID = FOLDER / "node.json"
_PATIENCE_SECONDS = 120.0


def running() -> psutil.Process | None:
    """Return the node's first process if it lives."""
    try:
        told = json.loads(_PID.read_text())
        process = psutil.Process(told["pid"])
        return process if process.create_time() == told["started"] else None
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None


def up(say: Callable[[str], None]) -> None:
    """Start the node; wait until it takes pods."""
    from cluster.ready import wait_until_ready

    if running() is not None and KUBECONFIG.exists():
        say(f"it runs already: KUBECONFIG={KUBECONFIG}")
        return
    if lacks := binaries.missing():
        raise SystemExit(f"cluster: a Kubernetes from Go modules needs {'; '.join(lacks)}")
    programs = binaries.build(say)
    down(lambda _: None)
    began = time.monotonic()
    _STATE.mkdir(parents=True)
    configure(_STATE)
    _make_cgroups()
    say("starting etcd, the control plane, containerd and the kubelet")
    with (FOLDER / "node.log").open("wb") as log:
        outside = subprocess.Popen(
            [
                *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private"),
                *(sys.executable, "-m", "cluster.inside", str(_STATE), str(programs)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        )
    first = _first_process(outside)
    _PID.write_text(json.dumps({"pid": first.pid, "started": first.create_time()}))
    _link(first.pid)
    archive = _STATE / "pause.tar"
    image.write_archive(programs / "pause", PAUSE, archive)
    _wait(lambda: _inside(first.pid, "test", "-S", SOCKET).returncode == 0, "containerd")
    load(archive)
    wait_until_ready(_STATE / "admin.kubeconfig", alive=first.is_running, log=FOLDER / "node.log")
    shutil.copyfile(_STATE / "admin.kubeconfig", KUBECONFIG)
    say(f"ready after {time.monotonic() - began:.1f} s: KUBECONFIG={KUBECONFIG}")


def load(archive: Path) -> None:
    """Give the node the images of an archive."""
    first = running()
    if first is None:
        raise SystemExit("cluster: expected a cluster that runs, found none; start it with make cluster")
    importing = ("ctr", "--address", SOCKET, "--namespace", "k8s.io", "images", "import", str(archive))
    ended = _inside(first.pid, *importing)
    if "parent snapshot" in ended.stderr:
        # containerd was collecting the layers of the image's predecessor meanwhile.
        ended = _inside(first.pid, *importing)
    if ended.returncode:
        raise SystemExit(f"cluster: {archive.name} can't be imported: {ended.stderr.strip()}")


def down(say: Callable[[str], None]) -> None:
    """End the node and remove all it left."""
    first = running()
    if first is not None:
        say("ending the node and everything in its namespaces")
        first.kill()
        psutil.wait_procs([first], timeout=_PATIENCE_SECONDS)
    if _link_exists():
        subprocess.run(["ip", "link", "delete", LINK], check=False, capture_output=True)
    _wait(_remove_cgroups, "the control groups to empty")
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    say("nothing is left of it")


def _first_process(outside: subprocess.Popen[bytes]) -> psutil.Process:
    def children() -> Sequence[psutil.Process]:
        if outside.poll() is not None:
            raise SystemExit(f"cluster: the node has not started: {(FOLDER / 'node.log').read_text().strip()}")
        return psutil.Process(outside.pid).children()

    _wait(lambda: bool(children()), "the node's first process")
    return children()[0]


def _link(pid: int) -> None:
    link = ["ip", "link", "add", LINK, "type", "veth", "peer", "name", "node0", "netns", str(pid)]
    for command in (
        link,
        ["ip", "address", "add", f"{HOST_ADDRESS}/30", "dev", LINK],
        ["ip", "link", "set", LINK, "up"],
    ):
        subprocess.run(command, check=True)


def _link_exists() -> bool:
    return Path("/sys/class/net", LINK).exists()


def _inside(pid: int, *command: str) -> subprocess.CompletedProcess[str]:
    entered = ["nsenter", "--target", str(pid), "--mount", "--net", "--pid", *command]
    return subprocess.run(entered, capture_output=True, text=True, check=False)


def _hierarchies() -> list[Path]:
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted({path.resolve() for path in root.iterdir() if (path / "cgroup.procs").exists()})


def _make_cgroups() -> None:
    for hierarchy in _hierarchies():
        group = hierarchy / CGROUP
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((hierarchy / name).read_text())


def _remove_cgroups() -> bool:
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


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"cluster: expected {what} within {_PATIENCE_SECONDS:.0f} s")
        time.sleep(0.05)
