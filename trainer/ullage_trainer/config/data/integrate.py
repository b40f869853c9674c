"""How sources become one table: joins and unions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ullage_trainer.config.base import MAX_ITEMS, ColumnName, Identifier, Model


class JoinHow(StrEnum):
    """What becomes of rows on the left without a partner."""

    INNER = "Inner"
    LEFT = "Left"


class JoinKey(Model):
    """A pair of columns that must be equal. Nulls are equal to nothing."""

    left: ColumnName
    """The column of the table so far."""
    right: ColumnName
    """The column of the source that is joined."""


class Join(Model):
    """Adds columns of another source. A right side with repeated keys multiplies rows, which is counted."""

    source: Identifier
    """The source on the right."""
    keys: Annotated[list[JoinKey], Field(min_length=1, max_length=16)]
    """Which columns must be equal."""
    how: JoinHow = JoinHow.LEFT
    """Left keeps rows without a partner, with nulls; Inner rejects them."""
    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=256)]
    """The columns to take over."""
    prefix: Annotated[str, Field(max_length=32)] = ""
    """Put before the names of the columns taken over, so that they clash with nothing."""


class Union(Model):
    """Adds rows of other sources, matched by column name."""

    sources: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_ITEMS)]
    """The sources whose rows are added."""


class IntegrateStep(Model):
    """Integrate(D'', ...) -> D''': exactly one of ``join`` and ``union``."""

    join: Join | None = None
    """Adds columns."""
    union: Union | None = None
    """Adds rows."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.join is None) == (self.union is None):
            raise ValueError("expected exactly one of join, union")
        return self
