"""Kubernetes in containers, by kind or by minikube, on an engine that runs already."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster import node, ready
from cluster.components import NUMBER

NAME = f"ullage{NUMBER or ''}"
"""The name of the cluster that kind has, and of minikube's profile."""
SHARED = Path(tempfile.gettempdir()) / f"pytest-of-{getpass.getuser()}"
"""The folder of the tests, which the node sees at the same path: volumes are folders in it."""
PATIENCE = "180s"


@dataclass(frozen=True)
class Kind:
    """A node that kind makes."""

    engine: str

    @property
    def kubeconfig(self) -> Path:
        return node.KUBECONFIG

    def runs(self) -> bool:
        return self._is_there() and ready.answers(self.kubeconfig)

    def up(self, say: Callable[[str], None]) -> None:
        if self.runs():
            say(f"it runs already, by kind: KUBECONFIG={self.kubeconfig}")
            return
        if self._is_there():
            say("removing what a cluster of kind that does not answer has left")
            self.down(lambda _: None)
        say(f"starting a node by kind on {self.engine}")
        _prepare()
        mount = {"hostPath": str(SHARED), "containerPath": str(SHARED)}
        cluster = {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "nodes": [{"role": "control-plane", "extraMounts": [mount]}],
        }
        command = ["create", "cluster", "--name", NAME, "--kubeconfig", str(self.kubeconfig), "--wait", PATIENCE]
        self._kind(*command, "--config", "-", text=json.dumps(cluster))
        say(f"ready: KUBECONFIG={self.kubeconfig}")

    def load(self, archive: Path) -> None:
        self._kind("load", "image-archive", str(archive), "--name", NAME)

    def down(self, say: Callable[[str], None]) -> None:
        say("deleting the cluster of kind")
        self._kind("delete", "cluster", "--name", NAME, "--kubeconfig", str(self.kubeconfig))
        self.kubeconfig.unlink(missing_ok=True)

    def _is_there(self) -> bool:
        return NAME in self._kind("get", "clusters").split()

    def _kind(self, *arguments: str, text: str = "") -> str:
        return _run(["kind", *arguments], {"KIND_EXPERIMENTAL_PROVIDER": self.engine}, text)


@dataclass(frozen=True)
class Minikube:
    """A node that minikube makes: a profile of its own, in a kubeconfig of its own."""

    engine: str

    @property
    def kubeconfig(self) -> Path:
        return node.KUBECONFIG

    def runs(self) -> bool:
        return ready.answers(self.kubeconfig)

    def up(self, say: Callable[[str], None]) -> None:
        if self.runs():
            say(f"it runs already, by minikube: KUBECONFIG={self.kubeconfig}")
            return
        say(f"starting a node by minikube on {self.engine}")
        _prepare()
        options = [
            f"--driver={self.engine}",
            "--container-runtime=containerd",
            "--wait=all",
            f"--wait-timeout={PATIENCE}",
        ]
        if os.geteuid() == 0:
            options.append("--force")  # Without it minikube refuses to be root.
        self._minikube("start", *options, "--mount", f"--mount-string={SHARED}:{SHARED}")
        say(f"ready: KUBECONFIG={self.kubeconfig}")

    def load(self, archive: Path) -> None:
        self._minikube("image", "load", str(archive))

    def down(self, say: Callable[[str], None]) -> None:
        say("deleting minikube's profile")
        self._minikube("delete")
        self.kubeconfig.unlink(missing_ok=True)

    def _minikube(self, *arguments: str) -> str:
        return _run(["minikube", "--profile", NAME, *arguments], {"KUBECONFIG": str(self.kubeconfig)})


def _prepare() -> None:
    SHARED.mkdir(mode=0o700, exist_ok=True)
    node.FOLDER.mkdir(parents=True, exist_ok=True)


def _run(command: list[str], environment: dict[str, str], text: str = "") -> str:
    ended = subprocess.run(
        command, env=os.environ | environment, input=text, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        lines = (ended.stdout + ended.stderr).strip().splitlines()[-15:]
        raise SystemExit("\n".join([f"cluster: {' '.join(command)} failed:", *lines]))
    return ended.stdout
