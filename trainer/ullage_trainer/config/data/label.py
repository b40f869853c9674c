"""What is to be predicted: a column, or rules over columns."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ullage_trainer.config.base import ColumnName, Identifier, Model, Scalar


class LabelTask(StrEnum):
    """What is predicted."""

    CLASSIFICATION = "Classification"
    REGRESSION = "Regression"


class Comparison(StrEnum):
    """How a condition compares."""

    EQ = "Eq"
    NE = "Ne"
    LT = "Lt"
    LE = "Le"
    GT = "Gt"
    GE = "Ge"
    IN = "In"
    IS_NULL = "IsNull"


class Condition(Model):
    """A column compared with a constant; a missing value makes every comparison but ``IsNull`` false."""

    column: ColumnName
    """The column."""
    operator: Comparison
    """How it is compared."""
    value: Scalar | None = None
    """With what, for all but ``In`` and ``IsNull``."""
    values: Annotated[list[Scalar], Field(max_length=256)] = []
    """With what, for ``In``."""

    @model_validator(mode="after")
    def _operands(self) -> Self:
        wants_value = self.operator not in (Comparison.IN, Comparison.IS_NULL)
        if wants_value != (self.value is not None):
            raise ValueError(f"expected {'a' if wants_value else 'no'} value with operator {self.operator}")
        if (self.operator is Comparison.IN) != bool(self.values):
            raise ValueError("expected values with operator In and only with it")
        return self


class LabelRule(Model):
    """The label of the rows that meet all conditions; the first rule that fits decides."""

    when: Annotated[list[Condition], Field(min_length=1, max_length=16)]
    """The conditions, all of which hold."""
    value: Annotated[int, Field(ge=0, le=65535)]
    """The class, counted from 0."""


class Label(Model):
    """Label(D') -> D'': exactly one of ``column`` and ``rules`` says what is to be predicted."""

    source: Identifier
    """The source whose rows are labelled; it is also the base of ``integrate``."""
    column: ColumnName | None = None
    """A column that holds the label: classes as integers from 0, texts (numbered in order), or a number."""
    rules: Annotated[list[LabelRule], Field(max_length=32)] = []
    """Rules, tried in order."""
    default: Annotated[int, Field(ge=0, le=65535)] | None = None
    """The class where no rule fits; without it such rows are rejected."""
    task: LabelTask = LabelTask.CLASSIFICATION
    """What kind of prediction the label is for."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.column is not None) == bool(self.rules):
            raise ValueError("expected exactly one of column, rules")
        if self.default is not None and not self.rules:
            raise ValueError("expected default only beside rules")
        return self
