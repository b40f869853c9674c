"""Clean(D) -> D': types, ranges, missing values, duplicates, in this order, as one expression with flag columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis
from ibis.expr.types import BooleanValue, Table, Value

from ullage_trainer.config import Data
from ullage_trainer.config.data import (
    CleanStep,
    ColumnType,
    InvalidAction,
    Keep,
    MissingAction,
    RangeAction,
    RangeRule,
    Source,
)

from .coerce import coerce, present
from .engine import by_identity
from .names import DAMAGE, DAMAGE_SEPARATOR, DUPLICATE, FILE, IMAGE, KEPT_ROW, RAW, REASONS, RESERVED, ROW, RULE
from .rules import FALSE, Rule, first_rule, reasons

CHANGE = f"{RESERVED}change_"
"""Before a number: a flag column, true where that rule changed the row."""


@dataclass
class Cleaning:
    """The rules of one source as expressions over its table of texts."""

    rules: list[Rule] = field(default_factory=list)
    """What rejects rows, in order."""
    values: dict[str, Value] = field(default_factory=dict)
    """The typed value of each column."""
    explained: dict[str, BooleanValue] = field(default_factory=dict)
    """Where a column has no value for a reason that rejects the row already."""
    changes: list[tuple[str, str, BooleanValue]] = field(default_factory=list)
    """What changes rows: path, what it does, and where."""
    duplicates: str | None = None
    """The path of the rule for duplicates."""


@dataclass(frozen=True)
class SourceRules:
    """A source and its rules, each with its place in the manifest."""

    source: Source
    where: str
    """The source's place."""
    step: CleanStep
    """Its rules; of a source without rules an empty step."""
    step_where: str
    """Their place."""


def rules_by_source(data: Data) -> dict[str, SourceRules]:
    """Return the rules of every source by its name."""
    steps = {step.source: (step, f"data.clean[{number}]") for number, step in enumerate(data.clean)}
    return {
        source.name: SourceRules(
            source, f"data.sources[{index}]", *steps.get(source.name, (CleanStep(source=source.name), "data.clean"))
        )
        for index, source in enumerate(data.sources)
    }


def cleaning(texts: Table, of_source: SourceRules) -> Cleaning:
    """Build the rules of a source over its records, as its reader wrote them."""
    step, where = of_source.step, of_source.step_where
    made = Cleaning(duplicates=f"{where}.duplicates" if step.duplicates else None)
    _types(made, texts, of_source)
    for number, bound in enumerate(step.ranges):
        _range(made, f"{where}.ranges[{number}]", bound)
    for number, rule in enumerate(step.missing):
        value, path = made.values[rule.column], f"{where}.missing[{number}]"
        if rule.action is MissingAction.FILL:
            made.values[rule.column] = value.fill_null(ibis.literal(rule.value).cast(value.type()))
            made.changes.append((path, f"{rule.column} filled with {rule.value!r} where missing", value.isnull()))
        else:
            unexplained = value.isnull() & ~made.explained[rule.column]
            found = ibis.literal("nothing", "string")
            made.rules.append(Rule(path, f"{rule.column} has a value", unexplained, found))
    return made


def _types(made: Cleaning, texts: Table, of_source: SourceRules) -> None:
    source, where = of_source.source, of_source.where
    damage = texts[DAMAGE]
    kind = next(name for name, part in (("csv", source.csv), ("parquet", source.parquet),
                                        ("jsonLines", source.json_lines), ("idx", source.idx)) if part)  # fmt: skip
    made.rules.append(
        Rule(
            f"{where}.{kind}",
            "a record that can be taken apart",
            damage.notnull(),
            damage.split(DAMAGE_SEPARATOR)[1],
            expected=damage.split(DAMAGE_SEPARATOR)[0],
        )
    )
    null_values = source.csv.null_values if source.csv else []
    columns = [(column.name, column.type) for column in source.columns] or [("label", ColumnType.INT64)]
    if source.idx:
        made.values[IMAGE] = texts[IMAGE]
    for number, (name, type_) in enumerate(columns):
        text = present(texts[name], null_values)
        value = coerce(text, type_)
        made.values[name] = value
        made.explained[name] = damage.notnull()
        if type_ is ColumnType.STRING:
            continue
        path, invalid = f"{where}.columns[{number}]", text.notnull() & value.isnull()
        if of_source.step.on_invalid is InvalidAction.REJECT:
            made.rules.append(Rule(path, f"{name} of type {type_}", invalid, text))
            made.explained[name] |= invalid
        else:
            made.changes.append((path, f"{name} set to null where it is no {type_}", invalid))


def _range(made: Cleaning, path: str, bound: RangeRule) -> None:
    value = made.values[bound.column]
    low, high = bound.minimum, bound.maximum
    outside: Any = FALSE
    if low is not None:
        outside |= value < low
    if high is not None:
        outside |= value > high
    within = " and ".join(f"{sign} {at:g}" for sign, at in ((">=", low), ("<=", high)) if at is not None)
    if bound.action is RangeAction.REJECT:
        made.rules.append(Rule(path, f"{bound.column} {within}", outside, value.cast("string")))
        return
    if bound.action is RangeAction.SET_NULL:
        made.values[bound.column] = ibis.ifelse(outside, ibis.null(value.type()), value)
        made.changes.append((path, f"{bound.column} set to null unless {within}", outside))
        return
    made.values[bound.column] = _clip(value, bound)
    made.changes.append((path, f"{bound.column} clipped to {within}", outside))


def _clip(value: Value, bound: RangeRule) -> Value:
    """Clip to the bounds; a whole number to the nearest whole numbers inside them."""
    if value.type().is_integer():
        low = None if bound.minimum is None else -int(-bound.minimum // 1)
        high = None if bound.maximum is None else int(bound.maximum // 1)
        return value.clip(low, high).cast("int64")
    return value.clip(bound.minimum, bound.maximum)


def cleaned(texts: Table, made: Cleaning) -> Table:
    """Return identity, typed values, and flags: reasons, first rule, and what was changed."""
    return texts.select(
        **{FILE: texts[FILE], ROW: texts[ROW], RAW: texts[RAW]},
        **made.values,
        **{REASONS: reasons(made.rules), RULE: first_rule(made.rules)},
        **{f"{CHANGE}{number}": where.fill_null(FALSE) for number, (_, _, where) in enumerate(made.changes)},
    )


def without_duplicates(table: Table, step: CleanStep, columns: list[str]) -> Table:
    """Give a place to the rows that have the same key, in the order of the files, among those that no rule rejects."""
    if step.duplicates is None:
        return table.mutate(**{DUPLICATE: ibis.literal(0, "int64"), KEPT_ROW: ibis.null("string")})
    key = [table[name] for name in (step.duplicates.key or columns)]
    order = by_identity(table)
    if step.duplicates.keep is Keep.LAST:
        order = [value.desc() for value in order]
    window = ibis.window(group_by=[table[RULE].isnull(), *key], order_by=order)
    kept = table[FILE].cast("string").concat(":", table[ROW].cast("string")).first().over(window)
    place = ibis.ifelse(table[RULE].isnull(), ibis.row_number().over(window), 0)
    return table.mutate(**{DUPLICATE: place, KEPT_ROW: kept})
