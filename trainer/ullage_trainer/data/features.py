"""Transforms: fitted on the training part alone, then applied to every part.

For each feature in this order: date part, imputation (and its indicator), outliers, encoding, scaling.
Fitting reads rows in their final order on one thread, so that sums of floats come out the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
from ibis.expr.types import Table, Value

from ullage_trainer.config import DataInvalid
from ullage_trainer.config.data import DatePart, Encode, Feature, Impute, Scale, SplitName

from .names import PART, PARTS, RESERVED
from .report import FeatureReport
from .schema import base_name, fixed_names

TRAIN_NUMBER = PARTS.index(SplitName.TRAIN)


@dataclass(frozen=True)
class FittedFeature:
    """One feature with what was fitted for it."""

    feature: Feature
    report: FeatureReport

    @property
    def names(self) -> list[str]:
        """The names of its columns in ``x``."""
        return self.report.names

    @property
    def categories(self) -> int:
        """How many columns its categories take; 0 for a number."""
        return len(self.report.categories)


def fit(rows: Table, features: Sequence[Feature]) -> list[FittedFeature]:
    """Fit all features on the training part.

    Raises
    ------
    DataInvalid
        Features have missing values and no ``impute``, or nothing to fit on; all of them are named.
    """
    fitted, problems = list[FittedFeature](), list[str]()
    for index, feature in enumerate(features):
        try:
            fitted.append(_fit(rows, feature, f"data.features[{index}]"))
        except DataInvalid as error:
            problems.append(str(error))
    if problems:
        raise DataInvalid("\n".join(problems))
    names = [name for feature in fitted for name in feature.names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataInvalid(
            f"data.features: expected each name in x once, found again: {', '.join(twice)}; leave one out"
        )
    return fitted


def _fit(rows: Table, feature: Feature, where: str) -> FittedFeature:
    raw = _value(rows, feature)
    train = rows.filter(rows[PART] == TRAIN_NUMBER)
    missing = int(_row(rows, n=raw.isnull().sum())["n"] or 0)
    if missing and feature.impute is None:
        raise DataInvalid(
            f"{where}: expected a value in every row of {feature.column!r}, found {missing:,} missing; "
            "give the feature an impute, or reject such rows with clean.missing or an inner join"
        )
    impute = _impute(train, feature, where)
    clip: tuple[float, float] | None = None
    value = _value(train, feature) if impute is None else _value(train, feature).fill_null(impute)
    if feature.outliers:
        wanted = [feature.outliers.lower, feature.outliers.upper]
        found = _row(train, low=value.quantile(wanted[0]), high=value.quantile(wanted[1]))
        clip = float(found["low"]), float(found["high"])
        value = value.clip(*clip)
    report = FeatureReport(
        rule=where, column=feature.column, names=fixed_names(feature), missing=missing, impute=impute, clip=clip
    )
    if feature.encode is Encode.ONE_HOT:
        return FittedFeature(feature, _fit_categories(rows, train, feature, report))
    if feature.scale is not Scale.NONE:
        offset, divisor = _fit_scale(train, value, feature.scale)
        report = report.model_copy(update={"offset": offset, "divisor": divisor})
    return FittedFeature(feature, report)


def _impute(train: Table, feature: Feature, where: str) -> float | str | None:
    if feature.impute is None:
        return None
    if feature.impute is Impute.ZERO:
        return 0.0
    value = _value(train, feature)
    if feature.impute is Impute.MOST_FREQUENT:
        counted = _frequencies(train, value, limit=1)
        found = counted[0] if counted else None
    else:
        wanted = value.mean() if feature.impute is Impute.MEAN else value.quantile(0.5)
        found = _row(train, found=wanted)["found"]
    if found is None:
        raise DataInvalid(
            f"{where}: expected values of {feature.column!r} in the training part to impute from, found none; "
            "use impute Zero, or leave the feature out"
        )
    return found if isinstance(found, str) else float(found)


def _fit_categories(rows: Table, train: Table, feature: Feature, report: FeatureReport) -> FeatureReport:
    value = _filled(train, feature, report)
    names = sorted(_frequencies(train, value, limit=feature.max_categories))
    known = _filled(rows, feature, report).isin(names)
    other = int(_row(rows, n=(~known).sum())["n"] or 0)
    columns = [f"{base_name(feature)}={name}" for name in names]
    return report.model_copy(update={"names": columns + report.names, "categories": names, "other": other})


def _frequencies(table: Table, value: Value, limit: int) -> list[str | float]:
    """Return the most frequent values, of equally frequent ones the least first."""
    counted = (
        table.select(value=value).filter(lambda t: t.value.notnull()).group_by("value").aggregate(n=ibis._.count())
    )
    ordered = counted.order_by([counted.n.desc(), counted.value]).limit(limit)
    return list(ordered.to_pyarrow().column("value").to_pylist())


def _fit_scale(train: Table, value: Value, scale: Scale) -> tuple[float, float]:
    if scale is Scale.STANDARD:
        found = _row(train, offset=value.mean(), divisor=value.std(how="pop"))
    else:
        found = _row(train, offset=value.min(), divisor=value.max() - value.min())
    # A single value in the training part: scaled to 0, and to no more than its distance elsewhere.
    return float(found["offset"]), float(found["divisor"]) or 1.0


def _row(table: Table, **measures: Value) -> dict[str, Any]:
    """Return measures over a table."""
    return dict(table.aggregate(**measures).to_pyarrow().to_pylist()[0])


def _value(table: Table, feature: Feature) -> Value:
    column = table[feature.column]
    if feature.date_part:
        column = {
            DatePart.MONTH: column.month,
            DatePart.DAY: column.day,
            DatePart.WEEKDAY: column.day_of_week.index,
            DatePart.HOUR: column.hour,
            DatePart.MINUTE: column.minute,
        }[feature.date_part]()
    return column.cast("string" if feature.encode is Encode.ONE_HOT else "float64")


def _filled(table: Table, feature: Feature, report: FeatureReport) -> Value:
    value = _value(table, feature)
    return value if report.impute is None else value.fill_null(report.impute)


def applied(rows: Table, fitted: Sequence[FittedFeature]) -> dict[str, Value]:
    """Return the values of all features: a number for each column of ``x``, but for categories one place for all.

    The place of a category counts from 0 within its feature; another category's is null. Writing spreads places out.
    """
    values: dict[str, Value] = {}
    for index, one in enumerate(fitted):
        feature, report = one.feature, one.report
        value = _filled(rows, feature, report)
        name = f"{RESERVED}x{index}_"
        if feature.encode is Encode.ONE_HOT:
            places = [
                (value == category, ibis.literal(place, "int32")) for place, category in enumerate(report.categories)
            ]
            values[f"{name}place"] = ibis.cases(*places, else_=ibis.null("int32"))
        else:
            if report.clip:
                value = value.clip(*report.clip)
            if report.divisor is not None:
                value = (value - report.offset) / report.divisor
            if feature.encode is Encode.CYCLIC:
                angle = value * (2 * ibis.pi / feature.period)
                values |= {f"{name}sin": angle.sin(), f"{name}cos": angle.cos()}
            else:
                values[f"{name}number"] = value
        if feature.indicator:
            values[f"{name}missing"] = _value(rows, feature).isnull().cast("float64")
    return values
