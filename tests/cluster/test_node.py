"""The one-node cluster beside another one: it comes again after a crash, and nothing is left where it was ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from kubernetes import client, config

from cluster import binaries, node
from cluster.fixtures import without
from cluster.test_cluster import phase, pod
from local.runs.harness import wait_until

CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Second:
    """A node with a number and a folder of its own."""

    number: int
    folder: Path

    @property
    def first_process(self) -> psutil.Process:
        return psutil.Process(json.loads((self.folder / "node.json").read_text())["pid"])

    def make(
        self, command: str, folder: Path | None = None, number: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Do what ``make cluster`` or ``make cluster-down`` does."""
        own = {
            "PYTHONPATH": str(node.ROOT / "tests"),
            "ULLAGE_CLUSTER_FOLDER": str(folder or self.folder),
            "ULLAGE_CLUSTER_NUMBER": str(self.number if number is None else number),
            "ULLAGE_CLUSTER_WAY": "own",
        }
        command_line = [sys.executable, "-m", "cluster", command]
        return subprocess.run(command_line, env=os.environ | own, capture_output=True, text=True, check=False)

    def up(self) -> None:
        said = self.make("up")
        assert said.returncode == 0, said.stderr
        (found,) = self.core().list_node().items
        assert {c.type: c.status for c in found.status.conditions}["Ready"] == "True"

    def core(self) -> client.CoreV1Api:
        return client.CoreV1Api(config.new_client_from_config(str(self.folder / "kubeconfig")))

    def run_a_pod(self) -> None:
        core = self.core()
        core.create_namespaced_pod("default", pod("one"))
        wait_until(lambda: phase(core, "default", "one") == "Running", "a pod that runs")

    def namespaces(self) -> set[str]:
        """Return the namespaces of the kernel that are this node's alone."""
        return _namespaces(str(self.first_process.pid)) - _namespaces("self")

    def left(self, namespaces: set[str]) -> dict[str, list[str]]:
        """Return what there is of it on this machine, by kind; the kinds of which there is nothing are left out."""
        group = f"ullage-cluster{self.number}"
        rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout.splitlines()
        found = {
            "processes": [p.name() for p in psutil.process_iter(["cmdline"]) if self._is_mine(p)],
            "namespaces": sorted(namespaces & _namespaces()),
            "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(self.folder) in line],
            "links": [path.name for path in Path("/sys/class/net").iterdir() if path.name == f"ullage{self.number}"],
            "groups": [str(path) for pattern in ("", "*/") for path in CGROUPS.glob(f"{pattern}{group}")],
            "rules": [line for line in rules if "KUBE" in line or "CNI" in line or f"ullage{self.number}" in line],
            "files": [path.name for path in self.folder.rglob("*")],
        }
        return {kind: things for kind, things in found.items() if things}

    def _is_mine(self, process: psutil.Process) -> bool:
        return str(self.folder) in " ".join(process.info["cmdline"] or [])


def _namespaces(processes: str = "[0-9]*") -> set[str]:
    found = set()
    for kind in ("mnt", "net", "pid"):
        for link in Path("/proc").glob(f"{processes}/ns/{kind}"):
            with contextlib.suppress(OSError):  # It has ended meanwhile.
                found.add(str(link.readlink()))
    return found


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Second]:
    """A node that can be started beside whatever runs; each test starts it, unless it runs."""
    without(binaries.missing(), "the test of a node beside another")
    taken = {path.name for path in (*Path("/sys/class/net").iterdir(), *CGROUPS.glob("**/ullage-cluster*"))}
    number = next(n for n in range(9, 0, -1) if not {f"ullage{n}", f"ullage-cluster{n}"} & taken)
    before = node.running()
    made = Second(number, tmp_path_factory.mktemp("second") / "cluster")
    yield made
    made.make("down")
    # The node of this checkout, where it ran, is the same as before, and answers.
    assert node.running() == before
    if before is not None:
        core = client.CoreV1Api(config.new_client_from_config(str(node.KUBECONFIG)))
        assert core.read_namespace("default").status.phase == "Active"


@pytest.mark.parametrize("command", ["up", "down"])
def test_another_checkout_leaves_the_node_that_has_its_number_alone(
    second: Second, tmp_path: Path, command: str
) -> None:
    second.up()
    process = second.first_process
    refused = second.make(command, tmp_path / "other")
    told = (
        f"cluster: expected number {second.number} to be free or this checkout's, found the node of {second.folder}; "
        "end that one with make cluster-down there, or choose another number, 0 to 9, by ULLAGE_CLUSTER_NUMBER\n"
    )
    assert (refused.returncode, refused.stderr) == (1, told)
    assert (second.first_process, process.is_running()) == (process, True)


def test_a_node_is_not_ended_under_another_number_than_its_own(second: Second) -> None:
    second.up()
    process = second.first_process
    # A number that nobody has: a fault here would end what runs under it.
    refused = second.make("down", number=second.number + 10)
    told = (
        f"expected ULLAGE_CLUSTER_NUMBER={second.number}, under which the node of {second.folder} was started, found "
    )
    assert (refused.returncode, refused.stderr) == (1, f"cluster: {told}{second.number + 10}\n")
    assert (second.first_process, process.is_running()) == (process, True)


def test_a_node_that_was_killed_with_its_pods_starts_again(second: Second) -> None:
    second.up()
    second.run_a_pod()
    killed = second.first_process
    supervisor = killed.parent()
    assert supervisor is not None
    supervisor.kill()
    # Its parts end with it, one after the other.
    wait_until(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE, "the node to have ended", 30)
    second.up()
    assert second.first_process != killed
    assert second.core().list_namespaced_pod("default").items == []


def test_nothing_is_left_of_a_node_that_was_ended_though_its_folder_was_deleted_while_it_ran(second: Second) -> None:
    second.up()
    second.run_a_pod()
    namespaces = second.namespaces()
    assert len(namespaces) == 3
    assert sorted(second.left(namespaces)) == ["files", "groups", "links", "namespaces", "processes"]
    shutil.rmtree(second.folder, ignore_errors=True)
    said = second.make("down")
    assert (said.returncode, said.stderr, said.stdout.splitlines()) == (
        0,
        "",
        ["cluster: ending the node and everything in its namespaces", "cluster: nothing is left of it"],
    )
    # What was killed is a zombie until the machine's first process has looked at it.
    wait_until(lambda: second.left(namespaces) == {}, "nothing to be left", 5)
