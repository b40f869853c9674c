"""The types of a catalogue: each figure with its source and scope, checked when it is read."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ullage_operator.gap.figures import Figure, Provenance, exactly
from ullage_operator.gap.need import transformer_flop
from ullage_operator.gap.subjects import Unit
from ullage_trainer.config import Model

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=63)]
"""Lower-case letters, digits, - and ., with a letter or digit at both ends."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Positive = Annotated[float, Field(gt=0, le=1e40)]


class Family(StrEnum):
    """What kind of network it is: it decides how operations follow from size."""

    TRANSFORMER = "transformer"
    MIXTURE_OF_EXPERTS = "mixtureOfExperts"
    MLP = "mlp"
    CNN = "cnn"
    RNN = "rnn"
    MATRIX_FACTORIZATION = "matrixFactorization"


class Sourced(Model):
    """What every figure says of itself."""

    source: Text
    """Who published it, and where."""
    scope: Annotated[str, StringConstraints(max_length=256)] = ""
    """What it counts, where that is not plain."""
    provenance: Provenance = Provenance.DECLARED
    """How it is known to whoever published it."""


class Quantity(Sourced):
    """A published number."""

    value: Positive
    low: Positive | None = None
    """Of an estimate, the lower bound."""
    high: Positive | None = None
    """Of an estimate, the upper bound."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        given = [bound for bound in (self.low, self.high) if bound is not None]
        if given and self.provenance is not Provenance.ESTIMATED:
            raise ValueError(f"expected low and high with provenance estimated alone, found {self.provenance.value}")
        if (self.low or self.value) > self.value or (self.high or self.value) < self.value:
            raise ValueError(f"expected low <= value <= high, found {self.low}, {self.value}, {self.high}")
        return self

    @property
    def figure(self) -> Figure:
        """The number, exactly as it is written."""
        low, high = (None if bound is None else exactly(bound) for bound in (self.low, self.high))
        return Figure(exactly(self.value), self.provenance, low, high)


class DataQuantity(Quantity):
    """How much data it was trained on, repetitions counted."""

    unit: Literal[Unit.TOKENS, Unit.SAMPLES, Unit.BYTES]


class AcceleratorHours(Quantity):
    """How long it took. It holds for the same accelerator only."""

    accelerator: Text
    """Which accelerator, such as ``A100``."""


class Energy(Sourced):
    """What energy it took."""

    kilowatt_hours: Positive
    pue: Annotated[float, Field(ge=1, le=10)] | None = None
    """The building's power over that of its IT equipment, as the figure has it: 1 where it counts no building;
    absent where the source does not say."""


class Emissions(Sourced):
    """What it emitted."""

    tonnes: Positive
    """CO2 or CO2 equivalent, as the source has it."""
    grams_per_kilowatt_hour: Annotated[float, Field(ge=0, le=5000)] | None = None
    """Of the grid, where the source says it."""


class ReferenceModel(Model):
    """One model whose training was published. What was not published is absent."""

    id: Id
    """Its key, by which requirements and comparisons name it."""
    name: Text
    """Its name for people."""
    family: Family
    year: Annotated[int, Field(ge=1950, le=2100)]
    """Of publication."""
    parameters: Quantity | None = None
    active_parameters: Quantity | None = None
    """Of a mixture of experts: those that each token passes."""
    data: DataQuantity | None = None
    flop: Quantity | None = None
    accelerator_hours: AcceleratorHours | None = None
    energy: Energy | None = None
    emissions: Emissions | None = None

    @model_validator(mode="after")
    def _active(self) -> Self:
        if self.active_parameters and self.family is not Family.MIXTURE_OF_EXPERTS:
            raise ValueError(f"expected activeParameters with family mixtureOfExperts alone, found {self.family.value}")
        return self

    @property
    def training_flop(self) -> Figure | None:
        """The operations of its training: published or, of a transformer, 6·N·D; None where they are not known.

        Of a mixture of experts N is the active parameters.
        """
        if self.flop:
            return self.flop.figure
        size = {Family.TRANSFORMER: self.parameters, Family.MIXTURE_OF_EXPERTS: self.active_parameters}.get(self.family)
        if size is None or self.data is None or self.data.unit is not Unit.TOKENS:
            return None
        flop = transformer_flop(exactly(size.value), exactly(self.data.value))
        # A rule of thumb, whose own error nobody published: an estimate without bounds.
        return Figure(flop, Provenance.ESTIMATED)


class Landmark(Model):
    """An amount of operations to hold others against, which is of no one model."""

    id: Id
    name: Text
    flop: Quantity


class Accelerator(Model):
    """What an accelerator can do at most."""

    name: Text
    """Its type, such as ``A100``."""
    peak_flop_per_second: Positive
    """Dense BF16."""
    source: Text

    @property
    def peak(self) -> Fraction:
        """The peak, exactly as it is written."""
        return exactly(self.peak_flop_per_second)


class Catalogue(Model):
    """Reference models, landmarks and accelerators."""

    version: Literal[1]
    """Of this form."""
    accelerators: list[Accelerator] = Field(default_factory=list, max_length=1000)
    models: list[ReferenceModel] = Field(default_factory=list, max_length=10_000)
    landmarks: list[Landmark] = Field(default_factory=list, max_length=1000)

    def model_of(self, ref: str) -> ReferenceModel | None:
        """Return a model by its id; None where there is none."""
        return next((model for model in self.models if model.id == ref), None)

    def peak(self, accelerator: str) -> Fraction | None:
        """Return the dense BF16 peak of a type of accelerator, in FLOP per second; None where it is not known."""
        return next((each.peak for each in self.accelerators if each.name == accelerator), None)
