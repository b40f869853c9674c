"""Starting and ending the node, which lives in namespaces of its own: with its first process all of it is gone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from cluster import binaries, cgroups, image
from cluster.components import HOST_ADDRESS, LINK, NUMBER, PAUSE, SOCKET, configure
from cluster.ready import wait_until_ready

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("ULLAGE_CLUSTER_FOLDER") or ROOT / ".cluster").absolute()
"""What there is of this checkout's cluster."""
KUBECONFIG = FOLDER / "kubeconfig"
_STATE = FOLDER / "state"
_PID = FOLDER / "node.json"
_LOG = FOLDER / "node.log"
_INSIDE = "cluster.inside"
_PATIENCE_SECONDS = 120.0


def running() -> psutil.Process | None:
    """Return the node's first process if it lives."""
    try:
        told = json.loads(_PID.read_text())
        process = psutil.Process(told["pid"])
        lives = process.create_time() == told["started"] and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process if lives else None


def up(say: Callable[[str], None]) -> None:
    """Start the node; wait until it takes pods."""
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
    entrance = cgroups.make()
    say("starting etcd, the control plane, containerd and the kubelet")
    with (_LOG).open("wb") as log:
        outside = subprocess.Popen(
            [
                # All that comes of it is in its group, by which it is found again.
                *("sh", "-c", 'echo $$ >"$0" && exec "$@"', str(entrance)),
                *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private"),
                *(sys.executable, "-m", _INSIDE, str(_STATE), str(programs)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        )
    first = _first_process(outside)
    _PID.write_text(json.dumps({"pid": first.pid, "started": first.create_time(), "number": NUMBER}))
    _link(first.pid)
    archive = _STATE / "pause.tar"
    image.write_archive(programs / "pause", PAUSE, archive)
    _wait(lambda: _inside(first.pid, "test", "-S", SOCKET).returncode == 0, "containerd")
    load(archive)
    wait_until_ready(_STATE / "admin.kubeconfig", alive=first.is_running, log=_LOG)
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
    """End the node and remove all it left.

    It is found by its control groups, so also after a crash and where its folder was deleted while it ran.

    Raises
    ------
    SystemExit
        A node of another checkout runs under this number, or this checkout's has another one. All are left alone.
    """
    if running() is not None and (number := _number()) != NUMBER:
        raise SystemExit(
            f"cluster: expected ULLAGE_CLUSTER_NUMBER={number}, under which the node of {FOLDER} was started, found "
            f"{NUMBER}"
        )
    if (other := _of_another_checkout()) is not None:
        raise SystemExit(
            f"cluster: expected number {NUMBER} to be free or this checkout's, found the node of {other}; end that one "
            "with make cluster-down there, or choose another number, 0 to 9, by ULLAGE_CLUSTER_NUMBER"
        )
    if running() is not None or cgroups.members():
        say("ending the node and everything in its namespaces")
    _wait(_end, "the node's processes to end")
    if _link_exists():
        subprocess.run(["ip", "link", "delete", LINK], check=False, capture_output=True)
    _wait(cgroups.remove, "the control groups to empty")
    _remove_files()
    say("nothing is left of it")


def _of_another_checkout() -> Path | None:
    """Return the folder of the node that runs under this number, if somebody else still has it."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if _INSIDE not in command:
            continue
        try:
            number = int(process.environ().get("ULLAGE_CLUSTER_NUMBER") or "0")
        except psutil.Error:
            continue
        folder = Path(command[command.index(_INSIDE) + 1]).parent
        if number == NUMBER and folder != FOLDER and (folder / _PID.name).exists():
            return folder
    return None


def _number() -> int | None:
    """Return the number under which this checkout's node was started; null where none is known to have been."""
    try:
        return int(json.loads(_PID.read_text()).get("number", NUMBER))
    except (OSError, ValueError):
        return None


def _end() -> bool:
    """Kill what lives of the node; tell whether nothing does."""
    first = running()
    living = [*([] if first is None else [first]), *cgroups.members()]
    for process in living:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return living == []


def _remove_files() -> None:
    """Remove what is here of the node, and the folder if nothing else is in it."""
    shutil.rmtree(_STATE, ignore_errors=True)
    for file in (KUBECONFIG, _PID, _LOG):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        FOLDER.rmdir()


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


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"cluster: expected {what} within {_PATIENCE_SECONDS:.0f} s")
        time.sleep(0.05)
