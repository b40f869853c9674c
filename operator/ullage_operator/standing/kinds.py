"""Which accelerator something is: what asked says of a resource, and what the place of an import calls it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ullage_operator import gap
from ullage_operator.api import Declarations

GRES: Final = "gres/gpu"
"""How Slurm calls accelerators; of one type ``gres/gpu:a100``."""


def names_of(declarations: Declarations, catalogue: gap.Catalogue) -> tuple[str, ...]:
    """Return what types of accelerators are called: as they are declared, then as the catalogue has them."""
    told = [
        need.type for each in declarations.institutions for need in each.spec.requires if need.resource == "compute"
    ]
    told += [machines.type for each in declarations.institutions for machines in each.spec.holds.accelerators]
    lines = [line for each in declarations.investments for line in each.spec.lines if line.resource == "compute"]
    told += [line.type for line in lines if line.type is not None]
    return tuple(dict.fromkeys([*told, *(each.name for each in catalogue.accelerators)]))


def of_import(kind: str | None, kinds: Mapping[str, str], names: Iterable[str]) -> str | None:
    """Return the accelerator that an import's type is; None where neither it nor anybody says so.

    Parameters
    ----------
    kind
        The type as the place calls it, such as ``a100``; None where its accounts have no types.
    kinds
        Which accelerator a resource is: ``a100``, or ``gres/gpu:a100`` as Slurm has it, and ``gres/gpu`` for those
        without a type. Case does not matter.
    names
        What types are called here, the first wins: another case is the same type.
    """
    told = {resource.casefold(): name for resource, name in kinds.items()}
    if kind is None:
        return told.get(GRES)
    for resource in (kind, f"{GRES}:{kind}"):
        if resource.casefold() in told:
            return told[resource.casefold()]
    known = tuple(names)
    if kind in known:
        return kind
    return next((name for name in known if name.casefold() == kind.casefold()), kind)
