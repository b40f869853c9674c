"""Jobs of the books as trainings to compare: what each was and took. What the books do not know stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pydantic import ValidationError

from ullage_operator import gap
from ullage_operator.ledger import Books, HoldOpened, UsageRow
from ullage_operator.local import Workdir
from ullage_trainer.card import SUMMARY_NAME, TrainingSummary
from ullage_trainer.config import Stage

_MS_PER_HOUR: Final = 3_600_000
_US_PER_HOUR: Final = 3_600_000_000
_JOULES_PER_KILOWATT_HOUR: Final = 3_600_000
NONE_HELD: Final = "none held"
_SIZE_SCOPE: Final = "all that the model holds, trained or not"
_EVER_MS: Final = 253_402_300_800_000
"""The end of the year 9999: a node's clock may be ahead of this machine's."""


@dataclass(frozen=True)
class JobName:
    """A job of the books: all runs under one name."""

    namespace: str
    job: str

    def __str__(self) -> str:
        """Return it as usage by job names it."""
        return f"{self.namespace}/{self.job}"


@dataclass(frozen=True)
class Reading:
    """What footprints of jobs are made from."""

    books: Books
    workdir: Workdir
    kinds: Mapping[str, str]
    """Which accelerator a resource of the cluster is."""
    grid: Fraction | None
    """CO2 in g/kWh; None: the world's average, estimated."""


def jobs_of(books: Books) -> list[JobName]:
    """Return the jobs that held something, by namespace and name."""
    names = (row.group["job"] or "" for row in books.usage(0, _EVER_MS, by=("job",)))
    return [JobName(*name.split("/", 1)) for name in names]


def job_footprint(reading: Reading, name: JobName, called: str) -> gap.Footprint:
    """Return what a job was and took, over all of its runs and stages."""
    rows = reading.books.usage(0, _EVER_MS, by=("job", "stage"))
    own = [row for row in rows if row.group["job"] == str(name)]
    holds = [one.entry for one in reading.books.entries(type_=HoldOpened.type, job=(name.namespace, name.job))]
    runs = len({hold.context.job_uid for hold in holds if isinstance(hold, HoldOpened)})
    scope = "all stages of 1 run" if runs == 1 else f"all stages of {runs} runs"
    source = f"the books of {reading.books.cluster}"
    energy = _energy(own)
    it_energy = None if energy is None else gap.Cited(energy, source, f"{scope}; IT equipment")
    return gap.Footprint(
        name=called,
        parameters=_parameters(own, source) or _summarised(reading.workdir, name.job),
        data=_samples(own, source),
        flop=_flop(own, source),
        accelerator_hours=_accelerator_hours(own, holds, reading, gap.Cited(gap.Figure(Fraction(0)), source, scope)),
        core_hours=gap.Cited(_held_cores(own), source, f"{scope}; cores held"),
        energy_kilowatt_hours=None
        if energy is None
        else gap.Cited(energy, source, f"{scope}; IT equipment", gap.energy_kind(Fraction(1))),
        it_energy_kilowatt_hours=it_energy,
        emissions_tonnes=None
        if energy is None
        else gap.Cited(gap.emitted(energy, reading.grid), source, f"{scope}; IT equipment, {_grid(reading.grid)}"),
    )


def _grid(grid: Fraction | None) -> str:
    if grid is None:
        return f"at {gap.GRID_GRAMS_PER_KILOWATT_HOUR} g/kWh, the world's average: estimated"
    return f"at {float(grid):g} g/kWh"


def _samples(rows: Iterable[UsageRow], source: str) -> gap.Cited | None:
    """Return the samples that training went through, repetitions counted, as published figures count them."""
    found = [row for row in rows if row.group["stage"] == Stage.TRAIN and row.samples is not None]
    if not found:
        return None
    amount = sum(row.samples or 0 for row in found)
    return gap.Cited(_known(Fraction(amount), found), source, "gone through in training", gap.Unit.SAMPLES.value)


def _accelerator_hours(rows: list[UsageRow], holds: Iterable[object], reading: Reading, about: gap.Cited) -> gap.Cited:
    types = {
        reading.kinds.get(hold.accelerator_type, hold.accelerator_type)
        for hold in holds
        if isinstance(hold, HoldOpened) and hold.accelerators and hold.accelerator_type
    }
    amount = Fraction(sum(row.accelerator_ms for row in rows), _MS_PER_HOUR)
    return gap.Cited(_known(amount, rows), about.source, about.scope, ", ".join(sorted(types)) or NONE_HELD)


def _held_cores(rows: list[UsageRow]) -> gap.Figure:
    return _known(Fraction(sum(row.cpu_held_core_us for row in rows), _US_PER_HOUR), rows)


def _known(amount: Fraction, rows: Iterable[UsageRow]) -> gap.Figure:
    """Return an amount that was measured, but where a worker's end was not."""
    estimated = any(row.holds_estimated for row in rows)
    return gap.Figure(amount, gap.Provenance.ESTIMATED if estimated else gap.Provenance.MEASURED)


def _energy(rows: Iterable[UsageRow]) -> gap.Figure | None:
    """Return the energy in kilowatt-hours; unknown where it is for one stage."""
    parts: list[gap.Figure] = []
    for row in rows:
        if row.joules is None:
            return None
        if row.joules_estimated:
            low, high = (None if each is None else _kilowatt_hours(each) for each in (row.joules_low, row.joules_high))
            parts.append(gap.Figure(_kilowatt_hours(row.joules), gap.Provenance.ESTIMATED, low, high))
        else:
            parts.append(gap.Figure(_kilowatt_hours(row.joules), gap.Provenance.MEASURED))
    if not parts:
        return None
    first, *rest = parts
    for part in rest:
        first += part
    return first


def _kilowatt_hours(joules: int) -> Fraction:
    return Fraction(joules, _JOULES_PER_KILOWATT_HOUR)


def _parameters(rows: Iterable[UsageRow], source: str) -> gap.Cited | None:
    found = [row.parameters for row in rows if row.parameters is not None]
    if not found:
        return None
    return gap.Cited(gap.Figure(Fraction(max(found)), gap.Provenance.MEASURED), source, _SIZE_SCOPE)


def _flop(rows: Iterable[UsageRow], source: str) -> gap.Cited | None:
    """Return the operations of training, failed attempts too; unknown where some of it was not counted."""
    found = [row for row in rows if row.group["stage"] == Stage.TRAIN]
    if any(row.flop is None or row.samples_counted != row.samples for row in found) or not found:
        return None
    amount = gap.Figure(Fraction(sum(row.flop or 0 for row in found)), gap.Provenance.ESTIMATED)
    return gap.Cited(amount, source, "3 x the forward pass of a sample x samples gone through; counted, not metered")


def _summarised(workdir: Workdir, job: str) -> gap.Cited | None:
    """Return the same where the books do not tell, as the newest summary in the folder of runs has it; None without."""
    found = (workdir.storage / job / "runs").glob(f"*/{Stage.TRAIN.value}-*/{SUMMARY_NAME}")
    for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            summary = TrainingSummary.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue
        amount = gap.Figure(Fraction(summary.parameters), gap.Provenance.MEASURED)
        return gap.Cited(amount, f"{SUMMARY_NAME} of its run", _SIZE_SCOPE)
    return None
