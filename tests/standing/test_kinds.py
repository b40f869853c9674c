"""Which accelerator an import's is: what is asked for first, then what is declared, then the catalogue's name."""

from __future__ import annotations

import pytest

from standing.test_declared import objects
from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.standing.kinds import names_of, of_import


@pytest.mark.parametrize(
    ("kind", "kinds", "found"),
    [
        ("a100", {}, "A100"),
        ("h100", {}, "h100"),
        ("H100", {}, "H100"),
        ("v100", {}, "v100"),
        ("A100", {"a100": "A800"}, "A800"),
        ("a100", {"gres/gpu:A100": "A800", "gres/gpu": "H100"}, "A800"),
        (None, {"gres/gpu": "H100"}, "H100"),
        (None, {"nvidia.com/gpu": "H100"}, None),
    ],
)
def test_an_imports_accelerator_has_the_name_it_has_here(
    kind: str | None, kinds: dict[str, str], found: str | None
) -> None:
    assert of_import(kind, kinds, ("A100", "h100", "H100")) == found


def test_names_are_those_declared_before_those_of_the_catalogue() -> None:
    names = names_of(Declarations.of(objects()), gap.published())
    assert names[0] == "A100"
    assert {each.name for each in gap.published().accelerators} <= set(names)
    assert len(set(names)) == len(names)
