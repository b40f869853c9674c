"""``ullage validate``."""

from __future__ import annotations

from pathlib import Path

import typer

from ullage_operator.api import Declarations, Declared, Institution, Investment, PriceList, TrainingJob, contradictions

from .exits import Exit
from .manifests import Unusable, complain, read_objects


def validate_command(paths: list[Path], *, together: bool) -> Exit:
    """Check manifests, each by itself and if asked beside each other; return how the command ends."""
    worst = Exit.OK
    read: list[tuple[Path, Declared]] = []
    for path in paths:
        try:
            read += [(path, declared) for declared in read_objects(path)]
        except Unusable as error:
            worst = error.code
    for path, declared in read:
        typer.echo(f"{path}: {declared.kind} {declared.metadata.name} is valid: {_in_short(declared)}")
    if together and worst is Exit.OK:
        for contradiction in contradictions(Declarations.of(declared for _, declared in read)):
            complain(str(contradiction))
            worst = Exit.INVALID
    return worst


def _in_short(declared: Declared) -> str:
    match declared:
        case TrainingJob(spec=job):
            stages = " → ".join(stage.value for stage in job.stages)
            return f"{stages}, {job.workers.replicas} worker(s) with {job.workers.slots_per_worker} rank(s) each"
        case Institution(spec=institution):
            holds = institution.holds
            held = len(holds.accelerators) + len(holds.data) + len(holds.talent)
            return f"id {institution.id}, {len(institution.requires)} requirement(s), {held} holding(s)"
        case Investment(spec=investment):
            return f"{len(investment.lines)} line(s), from {investment.start} until before {investment.end}"
        case PriceList(spec=prices):
            return f"{len(prices.entries)} price(s)"
