"""The ways to a Kubernetes behind one idea: it goes up, takes images, is named by a kubeconfig, and goes down."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cluster import binaries, node, ready
from cluster.choice import ENGINES, ON_ENGINES, Choice, Found, choose
from cluster.engines import Kind, Minikube

_CHOSEN = node.FOLDER / "way.json"
"""What kind or minikube was started on: it is ended by the same, whatever is installed meanwhile."""
_PATIENCE_SECONDS = 20.0


class Way(Protocol):
    """A Kubernetes for tests."""

    @property
    def kubeconfig(self) -> Path:
        """By which it is used while it runs."""

    def runs(self) -> bool:
        """Tell whether it takes pods."""

    def up(self, say: Callable[[str], None]) -> None:
        """Start it, unless it runs; say what is done.

        Raises
        ------
        SystemExit
            It can't be started: why.
        """

    def load(self, archive: Path) -> None:
        """Give its nodes the images of an OCI archive."""

    def down(self, say: Callable[[str], None]) -> None:
        """End it and remove all it left; where it does not run, nothing is done."""


@dataclass(frozen=True)
class Named:
    """A cluster that somebody else runs. It is used, and neither started, ended nor given images."""

    kubeconfig: Path

    def runs(self) -> bool:
        return ready.answers(self.kubeconfig)

    def up(self, say: Callable[[str], None]) -> None:
        if not self.runs():
            raise SystemExit(
                f"cluster: expected a cluster that answers under {self.kubeconfig}, found none; start it, or unset "
                "ULLAGE_TEST_KUBECONFIG, which names it"
            )
        say(f"using the cluster that ULLAGE_TEST_KUBECONFIG names: KUBECONFIG={self.kubeconfig}")

    def load(self, archive: Path) -> None:
        raise SystemExit(
            f"cluster: {archive.name} can't be given to the nodes of a named cluster; name a registry that they pull "
            "from by ULLAGE_TEST_REGISTRY, or give them the images by their own means"
        )

    def down(self, say: Callable[[str], None]) -> None:
        say(f"the cluster that ULLAGE_TEST_KUBECONFIG names stays: {self.kubeconfig}")


@dataclass(frozen=True)
class Own:
    """The node that is built from Go modules."""

    @property
    def kubeconfig(self) -> Path:
        return node.KUBECONFIG

    def runs(self) -> bool:
        return node.running() is not None and self.kubeconfig.exists()

    def up(self, say: Callable[[str], None]) -> None:
        node.up(say)

    def load(self, archive: Path) -> None:
        node.load(archive)

    def down(self, say: Callable[[str], None]) -> None:
        node.down(say)


def current() -> Way:
    """Return the cluster that is named or was started here, or that can be started.

    Raises
    ------
    NoneIsPossibleError
        There is none, and none is possible.
    """
    named, wanted = os.environ.get("ULLAGE_TEST_KUBECONFIG"), os.environ.get("ULLAGE_CLUSTER_WAY", "")
    path = Path(named).absolute() if named else None
    if path in (None, node.KUBECONFIG) and not wanted:
        if node.running() is not None:
            return Own()
        if (chosen := _chosen()) is not None:
            return _way(chosen, None)
    return _way(choose(find(path, wanted)), path)


def up(say: Callable[[str], None]) -> Way:
    """Start the cluster, unless it runs; return it."""
    way = current()
    if isinstance(way, Kind | Minikube):
        node.FOLDER.mkdir(parents=True, exist_ok=True)
        _CHOSEN.write_text(json.dumps({"way": type(way).__name__.lower(), "engine": way.engine}))
    way.up(say)
    return way


def down(say: Callable[[str], None]) -> None:
    """End what was started here, and what is left of a node of our own."""
    if named := os.environ.get("ULLAGE_TEST_KUBECONFIG"):
        Named(Path(named)).down(say)
        return
    if (chosen := _chosen()) is not None:
        _way(chosen, None).down(say)
        _CHOSEN.unlink()
        if node.running() is None:
            with contextlib.suppress(OSError):
                node.FOLDER.rmdir()
            return
    node.down(say)


def find(named: Path | None, wanted: str = "") -> Found:
    """Return what there is to choose from on this machine; nothing is asked that a named cluster makes needless."""
    if named is not None and wanted in ("", "named"):
        return Found(named=named, wanted=wanted)
    programs = frozenset(name for name in ON_ENGINES if shutil.which(name))
    engines = frozenset(name for name in ENGINES if programs and _answers(name))
    return Found(named, programs, engines, tuple(binaries.missing()), wanted)


def _answers(engine: str) -> bool:
    if shutil.which(engine) is None:
        return False
    try:
        asked = subprocess.run([engine, "info"], capture_output=True, check=False, timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def _chosen() -> Choice | None:
    try:
        told = json.loads(_CHOSEN.read_text())
        return Choice(told["way"], told["engine"])
    except (OSError, ValueError, KeyError):
        return None


def _way(choice: Choice, named: Path | None) -> Way:
    if choice.way == "named" and named is not None:
        return Named(named)
    if choice.way == "kind":
        return Kind(choice.engine)
    return Minikube(choice.engine) if choice.way == "minikube" else Own()
