"""Institution: what an organisation needs for its models, and what it has."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import combinations
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from ullage_operator.api.problems import Problem, refuse
from ullage_trainer.config import Model

from .holdings import Holdings
from .institution_status import InstitutionStatus
from .metadata import ObjectMeta
from .names import DnsLabel, ObjectName, Text
from .selector import Selector
from .units import Amount, Country, Period, Resource, TypeName, Unit, unit_problems

INSTITUTION_KIND: Final = "Institution"


class InstitutionKind(StrEnum):
    """What an institution is, for comparison with its like."""

    UNIVERSITY = "university"
    INSTITUTE = "institute"
    COMPANY = "company"
    GOVERNMENT = "government"
    NON_PROFIT = "nonProfit"
    OTHER = "other"


class ModelNeed(Model):
    """The training of a model, from which a need of accelerator-hours follows.

    hours = runs × FLOP × overhead / (peak × mfu × 3600). FLOP are those of the catalogue's model, or 6 × parameters ×
    tokens as for a dense transformer.
    """

    ref: ObjectName | None = None
    """A model of the catalogue, such as ``gpt-3``."""
    parameters: Annotated[float, Field(gt=0, le=1e18)] | None = None
    """In the place of ``ref``: the parameters that each token passes; of a mixture of experts, the active ones."""
    tokens: Annotated[float, Field(gt=0, le=1e18)] | None = None
    """Beside ``parameters``: the tokens it is trained on."""
    mfu: Annotated[float, Field(gt=0, le=1)]
    """The share of the accelerator's peak that the training reaches (model FLOP utilisation)."""
    peak_flops: Annotated[float, Field(gt=0, le=1e18)] | None = None
    """The accelerator's dense BF16 peak in FLOP per second; absent means the catalogue's for the requirement's type."""
    overhead: Annotated[float, Field(ge=1, le=1000)] = 1.0
    """What is computed beside the run itself (failed runs, searches), as a factor of at least 1."""
    runs: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How many such runs."""

    @model_validator(mode="after")
    def _ref_or_size(self) -> Self:
        given = [name for name in ("ref", "parameters", "tokens") if getattr(self, name) is not None]
        if given not in (["ref"], ["parameters", "tokens"]):
            refuse([Problem((), "either ref, or parameters and tokens", ", ".join(given) or "none")])
        return self


class Requirement(Period):
    """What is needed of one resource in one period: an amount, or a model from which it follows."""

    resource: Resource
    """Of what."""
    type: TypeName
    """Which accelerator, kind of data or role; the same word as in ``holds`` and in the lines of Investments."""
    unit: Unit
    """In what it is counted: acceleratorHours or coreHours, tokens, samples or bytes, hours or fte."""
    amount: Amount | None = None
    """How much over the whole period; of data, the stock at its end."""
    model: ModelNeed | None = None
    """In the place of ``amount``, for accelerator-hours: the training that needs them."""

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        refuse(unit_problems(self.resource, self.unit, self.amount))
        return self

    @model_validator(mode="after")
    def _amount_or_model(self) -> Self:
        refuse(self._amount_problems())
        return self

    def _amount_problems(self) -> Iterator[Problem]:
        if (self.amount is None) == (self.model is None):
            yield Problem((), "exactly one of amount, model", "neither" if self.amount is None else "both")
        if self.model is not None and self.unit is not Unit.ACCELERATOR_HOURS:
            yield Problem(("model",), "amount with every unit but acceleratorHours", f"model with {self.unit.value}")

    @property
    def subject(self) -> tuple[Resource, str, Unit]:
        """What is required: resource, type, and a unit that stands for all that convert into it (fte into hours)."""
        return self.resource, self.type, Unit.HOURS if self.unit is Unit.FTE else self.unit


class InstitutionSpec(Model):
    """Who an institution is, what it requires, and what it holds. Each accepted generation is kept in the books."""

    id: DnsLabel
    """Its key in the books and in ``spec.accounting.institution`` of jobs; it never changes."""
    display_name: Annotated[str, Field(min_length=1, max_length=128)]
    """Its name for people."""
    country: Country
    """The country it is in (ISO 3166-1 alpha-2), such as ``CN``."""
    kind: InstitutionKind
    """What it is, for comparison with its like."""
    namespace_selector: Selector | None = None
    """The namespaces whose jobs are its own, by their labels; absent means none on this cluster."""
    declared_by: Annotated[str, Field(min_length=1, max_length=256)]
    """The office that answers for these figures, never a person's name."""
    reference: Text = ""
    """Where they can be looked up."""
    requires: list[Requirement] = Field(default_factory=list, max_length=128)
    """What its models need, period by period."""
    holds: Holdings = Holdings()
    """What it has without any grant in kind."""

    @field_validator("requires")
    @classmethod
    def _no_overlap(cls, requires: list[Requirement]) -> list[Requirement]:
        refuse(
            Problem(
                (later,),
                f"one requirement of {first.type} at a time",
                f"{first.start} to {first.end} in requires[{earlier}] and {second.start} to {second.end} here",
                "end one before the other begins, or add them up",
            )
            for (earlier, first), (later, second) in combinations(enumerate(requires), 2)
            if first.subject == second.subject and first.start < second.end and second.start < first.end
        )
        return requires

    @model_validator(mode="after")
    def _shares_with_others(self) -> Self:
        refuse(
            Problem(("holds", "data", index, "sharedWith"), "other institutions", f"this one ({self.id!r})")
            for index, asset in enumerate(self.holds.data)
            if self.id in asset.shared_with
        )
        return self


class Institution(Model):
    """An organisation that trains models: what it needs, and what it has."""

    api_version: Literal["ullage.dev/v1alpha1"] = "ullage.dev/v1alpha1"
    """The version of this type."""
    kind: Literal["Institution"] = INSTITUTION_KIND
    """``Institution``."""
    metadata: ObjectMeta
    """Standard object metadata."""
    spec: InstitutionSpec
    """What it needs and has."""
    status: InstitutionStatus = InstitutionStatus()
    """How far what it has meets what it needs; written by the operator."""
