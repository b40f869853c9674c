"""Label(D') -> D'': what is to be predicted, from a column or from rules."""

from __future__ import annotations

from typing import Any, Final

import ibis
from ibis.expr.types import BooleanValue, Table, Value

from ullage_trainer.config.data import ColumnType, Comparison, Condition, Label, LabelTask

from .coerce import coerce
from .names import FILE, LABEL, REASONS, ROW, RULE
from .rules import FALSE, TRUE, Rule, first_rule, reasons
from .schema import Columns, Kind

MAX_CLASS: Final = 65535


def labelling(table: Table, label: Label, columns: Columns) -> tuple[Value, list[Rule]]:
    """Return the label of each row, and what rejects rows that have none.

    Classes are whole numbers, or texts that are numbered later, when all of them are known; for regression
    the label is a floating-point number.
    """
    if label.rules:
        cases = [(_all(table, rule.when, columns), ibis.literal(rule.value, "int64")) for rule in label.rules]
        value = ibis.cases(*cases, else_=ibis.literal(label.default, "int64"))
        where, expects = "data.label.rules", "a row that one of the rules fits, as there is no default"
    else:
        column = label.column or ""
        value = table[column]
        if columns[column] is ColumnType.BOOLEAN:
            value = value.cast("int64")
        where, expects = "data.label.column", f"a label in {column}"
    rules = [Rule(where, expects, value.isnull(), ibis.literal("nothing", "string"))]
    if label.task is LabelTask.REGRESSION:
        return value.cast("float64"), rules
    if value.type().is_integer():
        outside = (value < 0) | (value > MAX_CLASS)
        rules.append(Rule(where, f"a class between 0 and {MAX_CLASS}", outside, value.cast("string")))
    return value, rules


def labelled(table: Table, value: Value, rules: list[Rule]) -> Table:
    """Return identity, columns, label, and flags: reasons and first rule."""
    columns = [name for name in table.columns if name not in (FILE, ROW)]
    return table.select(FILE, ROW, *columns, **{LABEL: value, REASONS: reasons(rules), RULE: first_rule(rules)})


def numbered(label: Value, names: list[str]) -> Value:
    """Return the number of a text among the names of the classes."""
    return ibis.array([ibis.literal(name, "string") for name in names]).index(label).cast("int64")


def _all(table: Table, conditions: list[Condition], columns: Columns) -> BooleanValue:
    met: Any = TRUE
    for condition in conditions:
        met &= _holds(table[condition.column], condition, columns[condition.column])
    return met


def _holds(column: Value, condition: Condition, kind: Kind) -> BooleanValue:
    def constant(value: object) -> Value:
        literal = ibis.literal(value)
        return coerce(literal, kind) if kind is ColumnType.TIMESTAMP else literal

    if condition.operator is Comparison.IS_NULL:
        return column.isnull()
    if condition.operator is Comparison.IN:
        return column.isin([constant(value) for value in condition.values]).fill_null(FALSE)
    other = constant(condition.value)
    compared = {
        Comparison.EQ: column == other,
        Comparison.NE: column != other,
        Comparison.LT: column < other,
        Comparison.LE: column <= other,
        Comparison.GT: column > other,
        Comparison.GE: column >= other,
    }[condition.operator]
    return compared.fill_null(FALSE)
