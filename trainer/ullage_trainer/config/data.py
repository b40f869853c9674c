"""``spec.data``: what is read, how it is cleaned, labelled, integrated and split, and what a model is fed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import MAX_ITEMS, ColumnName, Fraction, Identifier, Model, Scalar, StoragePath


class ColumnType(StrEnum):
    """What a column's values are coerced to."""

    STRING = "string"
    INT64 = "int64"
    FLOAT64 = "float64"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"


class Column(Model):
    """One declared column. Types are declared, never sniffed, so that two engines read the same values."""

    name: ColumnName
    """The column's name in the file."""
    type: ColumnType
    """What its values are coerced to; a value that does not fit is treated as ``onInvalid`` says."""


class CsvSource(Model):
    """Text with one record a line (RFC 4180), UTF-8, plain or gzip-compressed (``.gz``)."""

    paths: Annotated[list[StoragePath], Field(min_length=1, max_length=MAX_ITEMS)]
    """Files, relative to storage. Each is read alone and matched by column name."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """The character between two fields."""
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    """The character around a field that holds the delimiter."""
    null_values: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=16)] = ["", "NA"]
    """Texts that stand for a missing value."""


class ParquetSource(Model):
    """Apache Parquet files."""

    paths: Annotated[list[StoragePath], Field(min_length=1, max_length=MAX_ITEMS)]
    """Files, relative to storage."""


class JsonLinesSource(Model):
    """One JSON object a line, plain or gzip-compressed (``.gz``)."""

    paths: Annotated[list[StoragePath], Field(min_length=1, max_length=MAX_ITEMS)]
    """Files, relative to storage."""


class IdxSource(Model):
    """A pair of IDX files (the format of MNIST): images and their labels, plain or gzip-compressed."""

    images: StoragePath
    """The images: unsigned bytes, shape (samples, height, width)."""
    labels: StoragePath
    """The labels: unsigned bytes, shape (samples,)."""


class SplitName(StrEnum):
    """The three parts of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Source(Model):
    """A named table: exactly one of ``csv``, ``parquet``, ``jsonLines`` and ``idx``."""

    name: Identifier
    """How other parts of ``data`` call it."""
    csv: CsvSource | None = None
    """Comma-separated text."""
    parquet: ParquetSource | None = None
    """Parquet files."""
    json_lines: JsonLinesSource | None = None
    """JSON Lines files."""
    idx: IdxSource | None = None
    """IDX images and labels; the columns are ``image`` and ``label``."""
    columns: Annotated[list[Column], Field(max_length=256)] = []
    """The columns to read and their types; required but for ``idx``, where they are known."""
    split: SplitName | None = None
    """Puts all rows of this source into one part, for data that is published already split."""

    @model_validator(mode="after")
    def _one_format(self) -> Self:
        chosen = [name for name in ("csv", "parquet", "json_lines", "idx") if getattr(self, name) is not None]
        if len(chosen) != 1:
            found = ", ".join("jsonLines" if name == "json_lines" else name for name in chosen) or "none"
            raise ValueError(f"expected exactly one of csv, parquet, jsonLines, idx, found {found}")
        if self.idx is None and not self.columns:
            raise ValueError("expected columns with a name and a type each, found none")
        if self.idx is not None and self.columns:
            raise ValueError("expected no columns for idx (they are image and label), found some")
        names = [column.name for column in self.columns]
        if duplicates := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"expected each column once, found twice: {', '.join(duplicates)}")
        return self


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
    task: LabelTask = Field(default_factory=lambda: LabelTask.CLASSIFICATION)
    """What kind of prediction the label is for."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.column is not None) == bool(self.rules):
            raise ValueError("expected exactly one of column, rules")
        if self.default is not None and not self.rules:
            raise ValueError("expected default only beside rules")
        return self


class LabelTask(StrEnum):
    """What is predicted."""

    CLASSIFICATION = "Classification"
    REGRESSION = "Regression"


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


class Split(Model):
    """Parts by a hash of a key: a row's part depends on its key and the seed alone."""

    key: Annotated[list[ColumnName], Field(max_length=32)] = []
    """Columns that keep rows together (rows of one day, of one patient); none means each row by itself."""
    validation: Fraction = 0.1
    """Share of keys in the validation part."""
    test: Fraction = 0.1
    """Share of keys in the test part."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Another seed is another split, and another order of the training rows."""

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(f"expected validation + test < 1, found {self.validation} + {self.test}")
        return self


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


class Data(Model):
    """What the prepare stage does."""

    sources: Annotated[list[Source], Field(min_length=1, max_length=MAX_ITEMS)]
    """The tables that are read."""
    clean: Annotated[list[CleanStep], Field(max_length=MAX_ITEMS)] = []
    """Rules by source, at most one step each."""
    label: Label
    """What is to be predicted."""
    integrate: Annotated[list[IntegrateStep], Field(max_length=32)] = []
    """Joins and unions, in order, starting from the labelled source."""
    split: Split = Split()
    """How rows are parted."""
    features: Annotated[list[Feature], Field(max_length=512)] = []
    """What the model sees; required but for images."""
    virtual_shards: Annotated[int, Field(ge=1, le=1024)] = 24
    """How many pieces the training part is written in; at most so many ranks can share it."""

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [source.name for source in self.sources]
        problems = [f"source {name!r} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
        used = [("clean", step.source) for step in self.clean] + [("label", self.label.source)]
        for step in self.integrate:
            if step.join:
                used.append(("integrate.join", step.join.source))
            if step.union:
                used += [("integrate.union", name) for name in step.union.sources]
        problems += [
            f"{where} names source {name!r}, expected one of {', '.join(names)}"
            for where, name in used
            if name not in names
        ]
        cleaned = [step.source for step in self.clean]
        problems += [f"clean names source {n!r} twice" for n in sorted({c for c in cleaned if cleaned.count(c) > 1})]
        if not self.features and not any(source.idx for source in self.sources):
            problems.append("expected features (at least one column), found none")
        if problems:
            raise ValueError("; ".join(problems))
        return self


Label.model_rebuild()
