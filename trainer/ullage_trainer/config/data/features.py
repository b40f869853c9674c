"""How a column becomes numbers that a model is fed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ullage_trainer.config.base import ColumnName, Fraction, Model


class Impute(StrEnum):
    """What replaces a missing value; fitted on the training part."""

    MEAN = "Mean"
    MEDIAN = "Median"
    MOST_FREQUENT = "MostFrequent"
    ZERO = "Zero"


class Scale(StrEnum):
    """How a number is scaled; fitted on the training part."""

    NONE = "None"
    STANDARD = "Standard"
    MIN_MAX = "MinMax"


class Encode(StrEnum):
    """How a value becomes numbers."""

    NUMBER = "Number"
    ONE_HOT = "OneHot"
    CYCLIC = "Cyclic"


class DatePart(StrEnum):
    """A part of a timestamp (UTC)."""

    MONTH = "Month"
    DAY = "Day"
    WEEKDAY = "Weekday"
    HOUR = "Hour"
    MINUTE = "Minute"


class Quantiles(Model):
    """Values beyond these quantiles of the training part are clipped to them."""

    lower: Fraction = 0.0
    """The lower quantile."""
    upper: Fraction = 1.0
    """The upper quantile."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lower >= self.upper:
            raise ValueError(f"expected lower < upper, found {self.lower} and {self.upper}")
        return self


class Feature(Model):
    """One column on its way into the model: date part, imputation, outliers, encoding, scaling, in this order."""

    column: ColumnName
    """The column after integration."""
    date_part: DatePart | None = None
    """For a timestamp: which part of it."""
    impute: Impute | None = None
    """What replaces missing values; absent means that a missing value is an error in the data."""
    indicator: bool = False
    """Adds a column that is 1 where the value was missing."""
    outliers: Quantiles | None = None
    """Clips to quantiles of the training part."""
    encode: Encode = Encode.NUMBER
    """Number as it is; one column a category (of the training part; others are all zeros); or sine and cosine."""
    period: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """For ``Cyclic``: the length of a cycle (24 for hours)."""
    max_categories: Annotated[int, Field(ge=1, le=4096)] = 64
    """For ``OneHot``: how many of the most frequent categories get a column."""
    scale: Scale = Scale.NONE
    """Scaling of the resulting number."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.encode is Encode.CYCLIC) != (self.period is not None):
            raise ValueError("expected period with encode Cyclic and only with it")
        if self.encode is not Encode.NUMBER and self.scale is not Scale.NONE:
            raise ValueError("expected scale only with encode Number")
        if self.encode is Encode.ONE_HOT and self.impute not in (None, Impute.MOST_FREQUENT):
            raise ValueError("expected impute MostFrequent (or none) with encode OneHot")
        return self
