"""Which Kubernetes the tests run on: the first that can be had of a named one, kind, minikube and a node of our own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

WAYS = ("named", "kind", "minikube", "own")
"""All ways, in the order in which they are preferred."""
ON_ENGINES = ("kind", "minikube")
ENGINES = ("docker", "podman")
"""What kind and minikube run on, in the order in which they are preferred."""


@dataclass(frozen=True)
class Found:
    """What there is to choose from."""

    named: Path | None = None
    """The kubeconfig that the user names."""
    programs: frozenset[str] = frozenset()
    """Those of kind and minikube that are installed."""
    engines: frozenset[str] = frozenset()
    """Those of docker and podman that answer; a client without its engine does not."""
    lacks: tuple[str, ...] = ()
    """What a node of our own needs and is not there, each as a phrase."""
    wanted: str = ""
    """The way that the user names; none where any will do."""


@dataclass(frozen=True)
class Choice:
    """A way, and what kind or minikube runs on."""

    way: str
    engine: str = ""


@dataclass
class NoneIsPossibleError(Exception):
    """No way is possible; ``lacks`` names what each one misses, a phrase a way."""

    lacks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "no Kubernetes can be had: it needs " + ", or ".join(self.lacks)


def choose(found: Found) -> Choice:
    """Return the first way that is possible, or the wanted one.

    Raises
    ------
    NoneIsPossibleError
        None is. It says in one line what is missing.
    """
    if found.wanted and found.wanted not in WAYS:
        raise NoneIsPossibleError([f"ULLAGE_CLUSTER_WAY to be one of {', '.join(WAYS)}, found {found.wanted!r}"])
    lacks = []
    for way in [found.wanted] if found.wanted else WAYS:
        missing = _missing(way, found)
        if not missing:
            engine = next((each for each in ENGINES if each in found.engines), "")
            return Choice(way, engine if way in ON_ENGINES else "")
        lacks.append(missing)
    raise NoneIsPossibleError(lacks)


def _missing(way: str, found: Found) -> str:
    if way == "named":
        return "" if found.named else "a kubeconfig that ULLAGE_TEST_KUBECONFIG names"
    if way == "own":
        return f"for a node built from Go modules {'; '.join(found.lacks)}" if found.lacks else ""
    missing = [] if way in found.programs else [way]
    missing += [] if found.engines else [f"an engine that answers ({' or '.join(ENGINES)})"]
    return " and ".join(missing)
