"""Which namespaces an institution has, and which institutions a grant is for: label selectors."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from ullage_operator.api.problems import Problem, refuse
from ullage_trainer.config import Model

from .names import LabelValue, QualifiedName
from .scheduling import LabelMap


class ExpressionOperator(StrEnum):
    """How a label compares with values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Expression(Model):
    """A condition on one label, as in the Kubernetes API."""

    key: QualifiedName
    """The label's key."""
    operator: ExpressionOperator
    """How it is compared; an object without the label meets NotIn and DoesNotExist."""
    values: list[LabelValue] = Field(default_factory=list, max_length=32)
    """With what, for In and NotIn."""

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        wants = self.operator in (ExpressionOperator.IN, ExpressionOperator.NOT_IN)
        if wants != bool(self.values):
            expected = f"{'at least one value' if wants else 'none'} with operator {self.operator.value}"
            refuse([Problem(("values",), expected, ", ".join(self.values) or "none")])
        return self

    def meets(self, labels: Mapping[str, str]) -> bool:
        """Return whether an object with these labels meets the condition."""
        there, value = self.key in labels, labels.get(self.key)
        return {
            ExpressionOperator.IN: there and value in self.values,
            ExpressionOperator.NOT_IN: value not in self.values,
            ExpressionOperator.EXISTS: there,
            ExpressionOperator.DOES_NOT_EXIST: not there,
        }[self.operator]


class Selector(Model):
    """Objects whose labels meet all of these. One condition at least: nothing selects all by accident."""

    match_labels: LabelMap = Field(default_factory=dict)
    """Labels that must be equal."""
    match_expressions: list[Expression] = Field(default_factory=list, max_length=16)
    """Conditions on labels."""

    @model_validator(mode="after")
    def _some_condition(self) -> Self:
        if not self.match_labels and not self.match_expressions:
            refuse([Problem((), "matchLabels, matchExpressions or both", "neither")])
        return self

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Return whether an object with these labels is meant."""
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            expression.meets(labels) for expression in self.match_expressions
        )
