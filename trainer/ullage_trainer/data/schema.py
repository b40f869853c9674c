"""What can be told of a manifest's ``data`` before any file is read: columns and types as they flow.

Pure: types in, types or one error with everything that is wrong out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from ullage_trainer.config import ConfigError, Data, Scalar
from ullage_trainer.config.data import ColumnType, Encode, Feature, Join, LabelTask, MissingAction, Source

from .names import IDX_LABEL, IMAGE, RESERVED

Kind = ColumnType | Literal["image"]
Columns = dict[str, Kind]
"""The columns of a table and their types, in order."""

NUMERIC: Final = (ColumnType.INT64, ColumnType.FLOAT64)
ORDERED: Final = (*NUMERIC, ColumnType.TIMESTAMP)
KEYS: Final = (ColumnType.STRING, ColumnType.INT64, ColumnType.BOOLEAN, ColumnType.TIMESTAMP)
"""Types with one spelling: no floating point, whose text differs between engines."""
CATEGORIES: Final = KEYS[:3]


@dataclass
class _Problems:
    found: list[str] = field(default_factory=list)

    def add(self, where: str, text: str) -> None:
        self.found.append(f"{where}: {text}")

    def column(self, where: str, name: str, columns: Columns, kinds: Iterable[Kind] = ()) -> Kind | None:
        """Return a column's type, or note that it is not there or has a type that does not fit."""
        kind = columns.get(name)
        wanted = list(kinds)
        if kind is None:
            self.add(where, f"expected a column, found {name!r}, which is not there; {suggestion(name, columns)}")
        elif wanted and kind not in wanted:
            self.add(where, f"expected a column of type {' or '.join(wanted)}, found {name!r} of type {kind}")
        return kind


def suggestion(name: str, columns: Iterable[str]) -> str:
    """Say which of the columns may have been meant, and which there are."""
    there = list(columns)
    near = difflib.get_close_matches(name, there, n=1, cutoff=0.6)
    shown = ", ".join(there[:40]) + (f", … ({len(there)} in all)" if len(there) > 40 else "")
    return (f"did you mean {near[0]!r}? " if near else "") + f"There are: {shown}"


def declared(source: Source) -> Columns:
    """Return the columns of a source."""
    if source.idx:
        return {IMAGE: "image", IDX_LABEL: ColumnType.INT64}
    return {column.name: column.type for column in source.columns}


def labelled_sources(data: Data) -> list[str]:
    """Return the sources whose rows are samples, and so get labels: the label's own and those united with it."""
    united = [name for step in data.integrate if step.union for name in step.union.sources]
    return list(dict.fromkeys([data.label.source, *united]))


def check(data: Data) -> Columns:
    """Return the columns after integration.

    Raises
    ------
    ConfigError
        Rules name columns that are not there or have a type that does not fit; one line for each.
    """
    problems = _Problems()
    tables = {source.name: declared(source) for source in data.sources}
    for index, source in enumerate(data.sources):
        for number, column in enumerate(source.columns):
            if column.name.lower().startswith(RESERVED):
                problems.add(
                    f"data.sources[{index}].columns[{number}].name", f"expected no name that starts with {RESERVED!r}"
                )
        folded = [column.name.lower() for column in source.columns]
        if twice := sorted({name for name in folded if folded.count(name) > 1}):
            # SQL does not tell them apart.
            problems.add(f"data.sources[{index}].columns", f"expected names that differ beyond case, found {twice}")
        marks = {source.csv.quote, source.csv.delimiter} if source.csv else {'"', ","}
        if len(marks) == 1 or marks & set("\r\n"):
            where = f"data.sources[{index}].csv"
            problems.add(where, "expected a delimiter and a quote that differ, and no line breaks")
    _check_clean(data, tables, problems)
    _check_label(data, tables, problems)
    columns = _check_integrate(data, tables, problems)
    for number, name in enumerate(data.split.key):
        problems.column(f"data.split.key[{number}]", name, columns, KEYS)
    _check_features(data, columns, problems)
    if problems.found:
        raise ConfigError("\n".join(problems.found))
    return columns


def _check_clean(data: Data, tables: dict[str, Columns], problems: _Problems) -> None:
    for index, step in enumerate(data.clean):
        where, columns = f"data.clean[{index}]", tables[step.source]
        for number, bound in enumerate(step.ranges):
            problems.column(f"{where}.ranges[{number}].column", bound.column, columns, NUMERIC)
        for number, rule in enumerate(step.missing):
            kind = problems.column(f"{where}.missing[{number}].column", rule.column, columns)
            if rule.action is MissingAction.FILL and kind:
                _check_literal(f"{where}.missing[{number}].value", rule.value, kind, problems)
        for number, name in enumerate(step.duplicates.key if step.duplicates else []):
            problems.column(f"{where}.duplicates.key[{number}]", name, columns)


def _check_literal(where: str, value: Scalar | None, kind: Kind, problems: _Problems) -> None:
    """Note a constant that can't be compared with, or put into, a column of this type."""
    fits = {
        ColumnType.STRING: isinstance(value, str),
        ColumnType.BOOLEAN: isinstance(value, bool),
        ColumnType.INT64: isinstance(value, int) and not isinstance(value, bool),
        ColumnType.FLOAT64: isinstance(value, (int, float)) and not isinstance(value, bool),
        ColumnType.TIMESTAMP: isinstance(value, str) and _is_timestamp(value),
        "image": False,
    }[kind]
    if not fits:
        wanted = "a time such as 2013-01-31T06:00:00" if kind is ColumnType.TIMESTAMP else f"a value of type {kind}"
        problems.add(where, f"expected {wanted}, as the column is, found {value!r}")


def _is_timestamp(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_label(data: Data, tables: dict[str, Columns], problems: _Problems) -> None:
    label, regression = data.label, data.label.task is LabelTask.REGRESSION
    for source in labelled_sources(data):
        columns = tables[source]
        of = "" if source == label.source else f" (source {source!r}, which is united with it)"
        if label.column is not None:
            kinds = NUMERIC if regression else CATEGORIES
            problems.column(f"data.label.column{of}", label.column, columns, kinds)
        for index, rule in enumerate(label.rules):
            for number, condition in enumerate(rule.when):
                where = f"data.label.rules[{index}].when[{number}]"
                kind = problems.column(f"{where}.column{of}", condition.column, columns)
                if kind is None:
                    continue
                if condition.operator in ("Lt", "Le", "Gt", "Ge") and kind not in (*ORDERED, ColumnType.STRING):
                    problems.add(
                        f"{where}.operator", f"expected Eq, Ne, In or IsNull for {kind}, found {condition.operator}"
                    )
                operands = ([condition.value] if condition.value is not None else []) + list(condition.values)
                for value in operands:
                    _check_literal(f"{where}.value{'s' if condition.values else ''}", value, kind, problems)


def _check_integrate(data: Data, tables: dict[str, Columns], problems: _Problems) -> Columns:
    columns = dict(tables[data.label.source])
    for index, step in enumerate(data.integrate):
        if step.union:
            where = f"data.integrate[{index}].union"
            for number, name in enumerate(step.union.sources):
                if name == data.label.source or name in step.union.sources[:number]:
                    problems.add(f"{where}.sources[{number}]", f"expected each source once, found {name!r} again")
                for column, kind in columns.items():
                    problems.column(f"{where}.sources[{number}] ({name})", column, tables[name], [kind])
        if step.join:
            columns |= _check_join(f"data.integrate[{index}].join", step.join, columns, tables, problems)
    return columns


def _check_join(
    where: str, join: Join, left: Columns, tables: dict[str, Columns], problems: _Problems
) -> Columns:  # fmt: skip
    """Return the columns that a join adds."""
    right, added = tables[join.source], Columns()
    for number, key in enumerate(join.keys):
        one = problems.column(f"{where}.keys[{number}].left", key.left, left, KEYS)
        other = problems.column(f"{where}.keys[{number}].right", key.right, right, KEYS)
        if one and other and one != other:
            problems.add(f"{where}.keys[{number}]", f"expected keys of one type, found {one} and {other}")
    for number, column in enumerate(join.columns):
        kind = problems.column(f"{where}.columns[{number}]", column, right)
        name = join.prefix + column
        if name.lower() in {taken.lower() for taken in (left | added)}:
            expected = f"expected a name that is not taken, found {name!r}; give the join a prefix"
            problems.add(f"{where}.columns[{number}]", expected)
        elif kind:
            added[name] = kind
    return added


def _check_features(data: Data, columns: Columns, problems: _Problems) -> None:
    made_of = {data.label.column} | {c.column for rule in data.label.rules for c in rule.when}
    if not data.features and columns.get(IMAGE) != "image":
        problems.add("data.features", "expected at least one feature (only images need none), found none")
    for index, feature in enumerate(data.features):
        where = f"data.features[{index}]"
        kind = problems.column(f"{where}.column", feature.column, columns)
        if feature.column in made_of:
            problems.add(f"{where}.column", f"expected nothing that the label is made of, found {feature.column!r}")
        if kind:
            _check_feature(where, feature, kind, problems)
    names = [name for feature in data.features if feature.encode is not Encode.ONE_HOT for name in fixed_names(feature)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problems.add("data.features", f"expected each feature once, found twice: {', '.join(twice)}")


def _check_feature(where: str, feature: Feature, kind: Kind, problems: _Problems) -> None:
    if feature.date_part:
        if kind is not ColumnType.TIMESTAMP:
            problems.add(
                f"{where}.datePart", f"expected a column of type timestamp, found {feature.column!r} of type {kind}"
            )
        return
    categorical = feature.encode is Encode.ONE_HOT
    wanted = CATEGORIES if categorical else (*NUMERIC, ColumnType.BOOLEAN)
    if kind not in wanted:
        hint = {
            ColumnType.STRING: "use encode OneHot",
            ColumnType.TIMESTAMP: "choose a datePart",
            ColumnType.FLOAT64: "declare it int64 or string, or use encode Number",
        }.get(ColumnType(kind) if kind != "image" else ColumnType.BOOLEAN, "choose another column")
        problems.add(
            f"{where}.column",
            f"expected {' or '.join(wanted)} with encode {feature.encode}, "
            f"found {feature.column!r} of type {kind}; {hint}",
        )
    if categorical and feature.outliers:
        problems.add(f"{where}.outliers", "expected outliers only on numbers, found them with encode OneHot")
    if feature.indicator and feature.impute is None:
        problems.add(f"{where}.indicator", "expected impute beside indicator, found none")


def fixed_names(feature: Feature) -> list[str]:
    """Return the names of the feature's columns, but for those that its categories give."""
    base = base_name(feature)
    value = {Encode.NUMBER: [base], Encode.CYCLIC: [f"{base}_sin", f"{base}_cos"], Encode.ONE_HOT: []}[feature.encode]
    return value + ([f"{base}_missing"] if feature.indicator else [])


def base_name(feature: Feature) -> str:
    """Return what the names of the feature's columns begin with."""
    return feature.column if feature.date_part is None else f"{feature.column}_{feature.date_part.lower()}"
