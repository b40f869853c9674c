"""How one source is cleaned: types, ranges, missing values, duplicates."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ullage_trainer.config.base import MAX_ITEMS, ColumnName, Identifier, Model, Scalar


class InvalidAction(StrEnum):
    """What becomes of a row with a value that does not fit its column's type."""

    REJECT = "Reject"
    SET_NULL = "SetNull"


class MissingAction(StrEnum):
    """What becomes of a row that lacks a value."""

    REJECT = "Reject"
    FILL = "Fill"


class MissingRule(Model):
    """A column that must have a value."""

    column: ColumnName
    """The column."""
    action: MissingAction = MissingAction.REJECT
    """Reject the row, or fill in ``value``."""
    value: Scalar | None = None
    """What ``Fill`` fills in; a constant, so that nothing of the test split leaks into training."""

    @model_validator(mode="after")
    def _fill_has_value(self) -> Self:
        if (self.action is MissingAction.FILL) != (self.value is not None):
            raise ValueError("expected value with action Fill and only with it")
        return self


class RangeAction(StrEnum):
    """What becomes of a value outside its range."""

    REJECT = "Reject"
    CLIP = "Clip"
    SET_NULL = "SetNull"


class RangeRule(Model):
    """Bounds of a numeric column, both included. Missing values pass."""

    column: ColumnName
    """The column."""
    minimum: float | None = None
    """The least value allowed."""
    maximum: float | None = None
    """The greatest value allowed."""
    action: RangeAction = RangeAction.REJECT
    """Reject the row, clip the value to the bound, or set it to null."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("expected minimum, maximum or both, found neither")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"expected minimum <= maximum, found {self.minimum} > {self.maximum}")
        return self


class Keep(StrEnum):
    """Which of several rows with the same key stays."""

    FIRST = "First"
    LAST = "Last"


class DuplicateRule(Model):
    """Rows with equal keys are merged into one, in the order of the files."""

    key: Annotated[list[ColumnName], Field(max_length=32)] = []
    """The columns that make rows equal; none means all columns."""
    keep: Keep = Keep.FIRST
    """Which row stays."""


class CleanStep(Model):
    """Clean(D) -> D': the rules of one source, in this order: types, ranges, missing values, duplicates."""

    source: Identifier
    """The source that the rules are for."""
    on_invalid: InvalidAction = InvalidAction.REJECT
    """What becomes of a row with a value that does not fit its type."""
    ranges: Annotated[list[RangeRule], Field(max_length=MAX_ITEMS)] = []
    """Bounds."""
    missing: Annotated[list[MissingRule], Field(max_length=MAX_ITEMS)] = []
    """Columns that must have a value."""
    duplicates: DuplicateRule | None = None
    """How duplicates are found; absent means they stay."""
