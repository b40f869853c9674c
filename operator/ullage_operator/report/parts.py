"""What documents are made of: figures with unit, provenance, bounds and scope. Here fractions become floats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, JsonValue

from ullage_operator.gap import Figure, Lack, Provenance, Resource, Subject
from ullage_operator.gap import Period as GapPeriod

RATIO: Final = "ratio"
"""The unit of what has none: a part of 1, or how many times."""
HOURS: Final = "hours"
FTE: Final = "fte"


class Part(BaseModel):
    """Base of all parts of documents: unknown keys refused, never changed in place. Null is unknown, never 0."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Document(Part):
    """Base of whole documents."""

    def to_json(self) -> dict[str, JsonValue]:
        """Return the document as plain JSON values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the document that a text holds.

        Raises
        ------
        pydantic.ValidationError
            It is no such document.
        """
        return cls.model_validate_json(text)


class Basis(StrEnum):
    """What a figure was taken from."""

    DECLARATIONS = "declarations"
    """What institutions declare."""
    GRANTS = "grants"
    """What investments released in the period."""
    SUPPLY = "declarationsAndGrants"
    """Both of these, and people who moved."""
    BOOKS = "books"
    """What workers held and used, by the books that are named."""
    NODES = "nodes"
    """What the nodes of a cluster offer."""
    PRICES = "prices"
    """Gaps at the prices in force at the period's end."""
    PLAN = "plan"
    """What would be if the plan were carried out."""
    PUBLISHED = "published"
    """What others published, or a job's own records, as the source that is named counts it."""


class Scope(Part):
    """What a figure covers, beside the document's period."""

    basis: Basis
    """What it was taken from."""
    books: tuple[str, ...] = ()
    """The clusters and imports whose books tell it, in order."""
    detail: str = ""
    """What it counts, in the words of its source."""


DECLARED: Final = Scope(basis=Basis.DECLARATIONS)
GRANTED: Final = Scope(basis=Basis.GRANTS)
SUPPLIED: Final = Scope(basis=Basis.SUPPLY)
PRICED: Final = Scope(basis=Basis.PRICES)
PLANNED: Final = Scope(basis=Basis.PLAN)


class Quantity(Part):
    """A figure that is known."""

    value: float
    """The amount, in its unit."""
    unit: str
    """acceleratorHours, coreHours, hours, fte, tokens, samples, bytes, ratio, or a currency (ISO 4217)."""
    provenance: Provenance
    """measured, declared or estimated; of a figure made of several, the weakest."""
    low: float | None = None
    """Of an estimate, the lower bound; null there is unknown."""
    high: float | None = None
    """Of an estimate, the upper bound; null there is unknown."""
    scope: Scope
    """What it covers."""


class Thing(Part):
    """What is counted, and in what."""

    resource: Resource
    """compute, data or talent."""
    type: str
    """Which accelerator, kind of data or role."""
    unit: str
    """In what it is counted."""

    @classmethod
    def of(cls, subject: Subject) -> Thing:
        """Return a subject for a document."""
        return cls(resource=subject.resource, type=subject.type, unit=subject.unit.value)


class Period(Part):
    """UTC, half-open."""

    start: str
    """Included."""
    end: str
    """Excluded."""

    @classmethod
    def of(cls, period: GapPeriod) -> Period:
        """Return a period for a document."""
        return cls(start=instant(period.start_ms), end=instant(period.end_ms))


@dataclass(frozen=True)
class About:
    """What a document says of itself."""

    as_of_ms: int
    """The books and declarations are told as they stood then, in milliseconds since 1970."""
    books: frozenset[str] = frozenset()
    """The clusters and imports whose books were read."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Institutions' names for people, by id; those without one are called by their id."""


def instant(at_ms: int) -> str:
    """Return an instant in UTC, by ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def quantity(figure: Figure | None, unit: str, scope: Scope) -> Quantity | None:
    """Return a figure for a document, unknown as None."""
    return None if figure is None else known(figure, unit, scope)


def known(figure: Figure, unit: str, scope: Scope) -> Quantity:
    """Return a figure that is there for a document."""
    low, high = (None if bound is None else float(bound) for bound in (figure.low, figure.high))
    return Quantity(value=float(figure.value), unit=unit, provenance=figure.provenance, low=low, high=high, scope=scope)


def plain(value: Fraction | float, unit: str, scope: Scope, provenance: Provenance) -> Quantity:
    """Return a number without bounds for a document."""
    return Quantity(value=float(value), unit=unit, provenance=provenance, scope=scope)


def books_scope(books: Iterable[str]) -> Scope:
    """Return the scope of what books tell."""
    return Scope(basis=Basis.BOOKS, books=tuple(sorted(books)))


class Lacking(Part):
    """Why the amount of a need is not known."""

    what: Lack
    """What the catalogue lacks: ``peak`` of an accelerator, or ``operations`` of a model."""
    name: str
    """Of which."""
