"""A training measured here beside published ones: sizes, operations, hours, energy, emissions, and their ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from typing import Final

from .catalogue import Family, Landmark, ReferenceModel
from .catalogue.models import Quantity, Sourced
from .figures import Figure, Provenance, exactly

GRID_GRAMS_PER_KILOWATT_HOUR: Final = 475
"""CO2 where the grid is not known: the world's average."""


@dataclass(frozen=True)
class Cited:
    """A figure of a comparison. Two are compared only where what they count is the same."""

    figure: Figure
    source: str
    """Who says so."""
    scope: str = ""
    """What it counts."""
    kind: str = ""
    """In what it is counted, beyond the quantity's unit: the unit of data, the type of accelerator."""


@dataclass(frozen=True)
class Footprint:
    """What one training was and took. None is unknown, never 0."""

    name: str
    parameters: Cited | None = None
    active_parameters: Cited | None = None
    data: Cited | None = None
    """Its kind is the unit: tokens, samples or bytes."""
    flop: Cited | None = None
    accelerator_hours: Cited | None = None
    """Its kind is the accelerator."""
    core_hours: Cited | None = None
    """Cores of processors, held."""
    energy_kilowatt_hours: Cited | None = None
    """As the source has it; its kind says whether the building is in it."""
    it_energy_kilowatt_hours: Cited | None = None
    """Of IT equipment alone, which is comparable: the energy over its PUE; None where that is not known."""
    emissions_tonnes: Cited | None = None


QUANTITIES: Final = (
    "parameters",
    "active_parameters",
    "data",
    "flop",
    "accelerator_hours",
    "core_hours",
    "energy_kilowatt_hours",
    "it_energy_kilowatt_hours",
    "emissions_tonnes",
)
"""What is compared, by the names of :class:`Footprint`."""


@dataclass(frozen=True)
class Cell:
    """One training's figure, and how many times that of the training it is compared with."""

    name: str
    cited: Cited | None
    ratio: Fraction | None
    """This over the first; None where either is unknown or they do not count the same."""
    why_not: str = ""
    """Why there is no ratio."""

    @property
    def magnitudes(self) -> float | None:
        """The ratio in orders of magnitude: log10."""
        return log10(self.ratio) if self.ratio else None


@dataclass(frozen=True)
class Comparison:
    """One quantity over all trainings, the first being the one that the others are held against."""

    quantity: str
    cells: tuple[Cell, ...]


def compare(footprints: Sequence[Footprint]) -> list[Comparison]:
    """Hold trainings against the first one, quantity by quantity.

    Raises
    ------
    ValueError
        There is none.
    """
    if not footprints:
        raise ValueError("compare: expected at least one training, found none")
    return [
        Comparison(quantity, tuple(_cell(footprints[0], each, quantity) for each in footprints))
        for quantity in QUANTITIES
    ]


def footprint(model: ReferenceModel) -> Footprint:
    """Return what was published of a model."""
    size, data, hours, emissions = model.parameters, model.data, model.accelerator_hours, model.emissions
    return Footprint(
        name=model.id,
        parameters=_cited(size) if size else None,
        active_parameters=_active(model),
        data=_cited(data, data.unit.value) if data else None,
        flop=_flop(model),
        accelerator_hours=_cited(hours, hours.accelerator) if hours else None,
        energy_kilowatt_hours=_energy(model),
        it_energy_kilowatt_hours=_it_energy(model),
        emissions_tonnes=Cited(_plain(emissions.tonnes, emissions), emissions.source, emissions.scope)
        if emissions
        else None,
    )


def landmark_footprint(landmark: Landmark) -> Footprint:
    """Return a landmark as a training of which only the operations are known."""
    return Footprint(name=landmark.id, flop=Cited(landmark.flop.figure, landmark.flop.source, landmark.flop.scope))


def energy_kind(pue: Fraction | None) -> str:
    """Return what an energy counts, by its PUE: 1 is IT equipment alone; None is not known."""
    if pue is None:
        return "PUE unknown"
    return "IT equipment (PUE 1)" if pue == 1 else f"with the building (PUE {float(pue):g})"


def emitted(kilowatt_hours: Figure, grams_per_kilowatt_hour: Fraction | None) -> Figure:
    """Return the tonnes of CO2 of an energy; where the grid is not known, estimated at 475 g/kWh without bounds."""
    grid = GRID_GRAMS_PER_KILOWATT_HOUR if grams_per_kilowatt_hour is None else grams_per_kilowatt_hour
    tonnes = kilowatt_hours.times(Fraction(grid) / 1_000_000)
    return tonnes if grams_per_kilowatt_hour is not None else Figure(tonnes.value, Provenance.ESTIMATED)


def published_hours(model: ReferenceModel, accelerator: str) -> Figure | None:
    """Return the hours that a training took, if it was on that type of accelerator: they hold for no other."""
    hours = model.accelerator_hours
    return hours.figure if hours and hours.accelerator == accelerator else None


def _cited(quantity: Quantity, kind: str = "") -> Cited:
    return Cited(quantity.figure, quantity.source, quantity.scope, kind)


def _plain(value: float, sourced: Sourced) -> Figure:
    return Figure(exactly(value), sourced.provenance)


def _active(model: ReferenceModel) -> Cited | None:
    """Return the parameters that each token passes: of a dense transformer all of them."""
    size = model.parameters if model.family is Family.TRANSFORMER else model.active_parameters
    return _cited(size) if size else None


def _flop(model: ReferenceModel) -> Cited | None:
    if model.flop:
        return _cited(model.flop)
    flop = model.training_flop
    return None if flop is None else Cited(flop, "6 x active parameters x tokens", "the tokens trained on")


def _energy(model: ReferenceModel) -> Cited | None:
    if not (energy := model.energy):
        return None
    kind = energy_kind(None if energy.pue is None else exactly(energy.pue))
    return Cited(_plain(energy.kilowatt_hours, energy), energy.source, energy.scope, kind)


def _it_energy(model: ReferenceModel) -> Cited | None:
    if not (energy := model.energy) or energy.pue is None:
        return None
    figure = _plain(energy.kilowatt_hours, energy).times(1 / exactly(energy.pue))
    return Cited(figure, energy.source, f"{energy.scope}; divided by the PUE" if energy.pue != 1 else energy.scope)


def _cell(first: Footprint, other: Footprint, quantity: str) -> Cell:
    base, cited = getattr(first, quantity), getattr(other, quantity)
    unknown = [each.name for each, figure in ((first, base), (other, cited)) if figure is None]
    if unknown:
        return Cell(other.name, cited, None, f"not known of {' and '.join(dict.fromkeys(unknown))}")
    if base.kind != cited.kind:
        return Cell(other.name, cited, None, f"{cited.kind or 'unnamed'} is not {base.kind or 'unnamed'}")
    if not base.figure.value:
        return Cell(other.name, cited, None, f"{first.name} has 0")
    return Cell(other.name, cited, cited.figure.value / base.figure.value)
