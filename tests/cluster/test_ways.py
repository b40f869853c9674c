"""``make cluster`` on kind, on minikube and on a named cluster: programs on the path write down what they are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from cluster import node
from cluster.engines import NAME, SHARED

RECORDER = """\
#!/bin/sh
# $0 writes down how it is called, and has a cluster as long as there is a file.
printf '%s\\n' "${0##*/} $*${KIND_EXPERIMENTAL_PROVIDER:+ on $KIND_EXPERIMENTAL_PROVIDER}" >>"$HERE/said"
case "$*" in
  info) [ -e "$HERE/${0##*/}-answers" ] ;;
  'get clusters') [ ! -e "$HERE/there" ] || cat "$HERE/there" ;;
  'create cluster'*) cat >"$HERE/config"; echo "$NAME" >"$HERE/there"; cp "$HERE/answering" "$KUBECONFIG_OF_IT" ;;
  *' start '*) cp "$HERE/answering" "$KUBECONFIG" ;;
  'delete cluster'*) rm "$HERE/there" ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """Programs of a machine, and what they were told."""

    here: Path

    def has(self, *programs: str) -> None:
        for program in programs:
            (self.here / program).write_text(RECORDER)
            (self.here / program).chmod(0o755)

    def answers(self, engine: str) -> None:
        (self.here / f"{engine}-answers").touch()

    @property
    def folder(self) -> Path:
        return self.here / "cluster"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def cluster(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {
            "HERE": str(self.here),
            "NAME": NAME,
            "KUBECONFIG_OF_IT": str(self.kubeconfig),
            "PATH": f"{self.here}:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "",  # The client of Kubernetes is large.
            "PYTHONPATH": str(node.ROOT / "tests"),
            "ULLAGE_CLUSTER_FOLDER": str(self.folder),
            "ULLAGE_CLUSTER_WAY": "",
            "ULLAGE_TEST_KUBECONFIG": "",
        }
        command = [sys.executable, "-m", "cluster", *arguments]
        return subprocess.run(command, env=os.environ | own | environment, capture_output=True, text=True, check=False)

    def told(self) -> list[str]:
        """Return what the programs were told since the last time."""
        said = self.here / "said"
        lines = said.read_text().splitlines() if said.exists() else []
        said.unlink(missing_ok=True)
        return lines


class _Ready(BaseHTTPRequestHandler):
    """An API server with one node, which is ready."""

    def do_GET(self) -> None:
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "NodeList", "metadata": {}, "items": []}
        conditions = [{"type": "Ready", "status": "True"}]
        body["items"] = [{"metadata": {"name": "one"}, "status": {"conditions": conditions}}]
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def write_kubeconfig(path: Path, port: int) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "it", "user": {}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    path.write_text(yaml.safe_dump(config))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine on which what kind and minikube start is a server that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ready) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        write_kubeconfig(tmp_path / "answering", server.server_port)
        yield Machine(tmp_path)
        server.shutdown()
        thread.join()


def test_kind_makes_a_cluster_on_an_engine_that_answers_takes_images_and_is_deleted(machine: Machine) -> None:
    machine.has("kind", "docker", "podman")
    machine.answers("podman")
    said = machine.cluster("up")
    assert (said.returncode, said.stderr, said.stdout.splitlines()) == (
        0,
        "",
        ["cluster: starting a node by kind on podman", f"cluster: ready: KUBECONFIG={machine.kubeconfig}"],
    )
    created = f"kind create cluster --name {NAME} --kubeconfig {machine.kubeconfig} --wait 180s --config - on podman"
    listed = "kind get clusters on podman"
    assert machine.told() == ["docker info", "podman info", listed, listed, created]
    assert json.loads((machine.here / "config").read_text())["nodes"] == [
        {"role": "control-plane", "extraMounts": [{"hostPath": str(SHARED), "containerPath": str(SHARED)}]}
    ]
    # What was started is remembered: the engine is asked no more.
    again = machine.cluster("up")
    assert again.stdout == f"cluster: it runs already, by kind: KUBECONFIG={machine.kubeconfig}\n"
    assert machine.told() == [listed]
    assert machine.cluster("load", "image.tar").returncode == 0
    assert machine.told() == [f"kind load image-archive image.tar --name {NAME} on podman"]
    assert machine.cluster("down").returncode == 0
    assert machine.told() == [f"kind delete cluster --name {NAME} --kubeconfig {machine.kubeconfig} on podman"]
    assert not machine.folder.exists()


def test_a_cluster_of_kind_that_answers_no_more_is_made_anew(machine: Machine) -> None:
    machine.has("kind", "docker")
    machine.answers("docker")
    assert machine.cluster("up").returncode == 0
    machine.told()
    machine.kubeconfig.unlink()
    said = machine.cluster("up")
    assert said.returncode == 0, said.stderr
    told = [line.split(" --")[0] for line in machine.told()]
    listed = "kind get clusters on docker"
    assert told == [listed, listed, "kind delete cluster", "kind create cluster"]


def test_minikube_has_a_profile_and_a_kubeconfig_of_its_own(machine: Machine) -> None:
    machine.has("minikube", "docker")
    machine.answers("docker")
    said = machine.cluster("up")
    assert (said.returncode, said.stderr, said.stdout.splitlines()) == (
        0,
        "",
        ["cluster: starting a node by minikube on docker", f"cluster: ready: KUBECONFIG={machine.kubeconfig}"],
    )
    force = " --force" if os.geteuid() == 0 else ""
    started = (
        f"minikube --profile {NAME} start --driver=docker --container-runtime=containerd --wait=all --wait-timeout=180s"
        f"{force} --mount --mount-string={SHARED}:{SHARED}"
    )
    assert machine.told() == ["docker info", started]
    assert machine.cluster("load", "image.tar").returncode == 0
    assert machine.cluster("down").returncode == 0
    assert machine.told() == [f"minikube --profile {NAME} image load image.tar", f"minikube --profile {NAME} delete"]
    assert not machine.folder.exists()


def test_an_engine_that_does_not_answer_is_none(machine: Machine) -> None:
    machine.has("kind", "minikube", "docker")
    said = machine.cluster("up", ULLAGE_CLUSTER_WAY="kind")
    assert (said.returncode, said.stdout, said.stderr) == (
        1,
        "",
        "cluster: no Kubernetes can be had: it needs an engine that answers (docker or podman)\n",
    )
    assert machine.told() == ["docker info"]


def test_what_kind_says_when_it_fails_is_told(machine: Machine) -> None:
    machine.has("kind", "docker")
    machine.answers("docker")
    (machine.here / "answering").unlink()
    said = machine.cluster("up")
    assert said.returncode == 1
    assert said.stderr.startswith(f"cluster: kind create cluster --name {NAME} ")
    assert f"cannot stat '{machine.here}/answering'" in said.stderr


def test_a_named_cluster_is_used_if_it_answers_and_neither_ended_nor_given_images(machine: Machine) -> None:
    machine.has("kind", "docker")
    machine.answers("docker")
    named = machine.here / "answering"
    env = {"ULLAGE_TEST_KUBECONFIG": str(named)}
    refused = (
        "cluster: image.tar can't be given to the nodes of a named cluster; name a registry that they pull from by "
        "ULLAGE_TEST_REGISTRY, or give them the images by their own means\n"
    )
    told = [machine.cluster(*command, **env) for command in (["up"], ["down"], ["load", "image.tar"])]
    assert [(said.returncode, said.stdout + said.stderr) for said in told] == [
        (0, f"cluster: using the cluster that ULLAGE_TEST_KUBECONFIG names: KUBECONFIG={named}\n"),
        (0, f"cluster: the cluster that ULLAGE_TEST_KUBECONFIG names stays: {named}\n"),
        (1, refused),
    ]
    assert machine.told() == []


def test_a_named_cluster_that_does_not_answer_is_told(machine: Machine) -> None:
    gone = machine.here / "gone"
    write_kubeconfig(gone, 9)
    said = machine.cluster("up", ULLAGE_TEST_KUBECONFIG=str(gone))
    told = (
        f"cluster: expected a cluster that answers under {gone}, found none; start it, or unset "
        "ULLAGE_TEST_KUBECONFIG, which names it\n"
    )
    assert (said.returncode, said.stderr) == (1, told)
    absent = machine.cluster("up", ULLAGE_TEST_KUBECONFIG="/nowhere/kubeconfig")
    assert (absent.returncode, "answers under /nowhere/kubeconfig" in absent.stderr) == (1, True)
