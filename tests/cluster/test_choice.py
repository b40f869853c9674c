"""Which Kubernetes is chosen, and what is said where none can be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.choice import ENGINES, ON_ENGINES, WAYS, Choice, Found, NoneIsPossibleError, choose

NAMED = Path("/home/them/kubeconfig")
BOTH = frozenset(ON_ENGINES)
DOCKER = frozenset({"docker"})
PODMAN = frozenset({"podman"})
NOTHING = (
    "a kubeconfig that ULLAGE_TEST_KUBECONFIG names"
    ", or kind and an engine that answers (docker or podman)"
    ", or minikube and an engine that answers (docker or podman)"
    ", or for a node built from Go modules to be root; Go 1.25 or later"
)
ALIEN = ("to be root", "Go 1.25 or later")
FOUND = st.builds(
    Found,
    named=st.sampled_from([None, NAMED]),
    programs=st.frozensets(st.sampled_from(ON_ENGINES)),
    engines=st.frozensets(st.sampled_from(ENGINES)),
    lacks=st.sampled_from([(), ALIEN]),
    wanted=st.sampled_from(["", *WAYS]),
)


@pytest.mark.parametrize(
    ("found", "choice"),
    [
        (Found(NAMED, BOTH, DOCKER), Choice("named")),
        (Found(None, BOTH, DOCKER | PODMAN), Choice("kind", "docker")),
        (Found(None, frozenset({"kind"}), PODMAN), Choice("kind", "podman")),
        (Found(None, frozenset({"minikube"}), DOCKER, ALIEN), Choice("minikube", "docker")),
        (Found(None, BOTH, frozenset()), Choice("own")),
        (Found(None, frozenset(), DOCKER), Choice("own")),
        (Found(NAMED, BOTH, DOCKER, wanted="own"), Choice("own")),
        (Found(NAMED, BOTH, DOCKER, wanted="minikube"), Choice("minikube", "docker")),
    ],
)
def test_a_named_cluster_goes_before_kind_and_minikube_on_an_engine_and_these_before_a_node_of_our_own(
    found: Found, choice: Choice
) -> None:
    assert choose(found) == choice


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            Found(lacks=ALIEN),
            NOTHING,
        ),
        (
            Found(programs=BOTH, wanted="kind"),
            "an engine that answers (docker or podman)",
        ),
        (
            Found(wanted="k3s"),
            "ULLAGE_CLUSTER_WAY to be one of named, kind, minikube, own, found 'k3s'",
        ),
    ],
)
def test_one_line_names_what_is_missing(found: Found, said: str) -> None:
    with pytest.raises(NoneIsPossibleError) as refused:
        choose(found)
    assert str(refused.value) == f"no Kubernetes can be had: it needs {said}"


@given(FOUND)
def test_what_is_chosen_is_possible_and_wanted_and_nothing_better_is_possible(found: Found) -> None:
    possible = [
        *(["named"] if found.named else []),
        *(way for way in ON_ENGINES if way in found.programs and found.engines),
        *([] if found.lacks else ["own"]),
    ]
    allowed = [way for way in possible if found.wanted in ("", way)]
    try:
        choice = choose(found)
    except NoneIsPossibleError:
        assert allowed == []
        return
    assert choice.way == allowed[0]
    assert (choice.engine in found.engines) == (choice.way in ON_ENGINES)
