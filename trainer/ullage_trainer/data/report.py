"""The data report: what became of every row, by source and rule, and what was fitted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ullage_trainer.config import Model

Count = Annotated[int, Field(ge=0)]


class RuleCount(Model):
    """What one rule did."""

    rule: str
    """Its path in the manifest."""
    expects: str
    """What it asks for."""
    rejected: Count = 0
    """Rows rejected; a row that breaks several rules counts with the first, and names all of them."""
    changed: Count = 0
    """Values set to null, clipped or filled in, in rows that were not rejected."""
    merged: Count = 0
    """Rows merged into another with the same key."""


class FileCount(Model):
    """One file."""

    path: str
    """Relative to storage."""
    bytes: Count
    """Its size."""
    rows: Count
    """Records read from it."""


class SourceReport(Model):
    """Clean(D) -> D' of one source: ``read = kept + rejected + merged``."""

    source: str
    """Its name."""
    files: list[FileCount]
    """Its files."""
    read: Count
    """Records in the files."""
    kept: Count
    """Rows that go on."""
    rejected: Count
    """Rows rejected; they are in ``rejected/<source>.parquet`` with their reasons."""
    merged: Count
    """Rows merged into another with the same key; they are in that file too."""
    changed: Count
    """Values changed, over all rules."""
    rules: list[RuleCount]
    """By rule, in the order they are applied."""


class LabelReport(Model):
    """Label(D') -> D'' of one source: ``rows = labelled + rejected``."""

    source: str
    """Its name."""
    rows: Count
    """Rows that cleaning kept."""
    labelled: Count
    """Rows with a label."""
    rejected: Count
    """Rows without."""
    rules: list[RuleCount]
    """Who rejected them."""


class IntegrateReport(Model):
    """One step: ``rows = left + added - rejected``."""

    rule: str
    """Its path in the manifest."""
    kind: Literal["join", "union"]
    """What it does."""
    sources: list[str]
    """The sources on the right."""
    left: Count
    """Rows before."""
    matched: Count = 0
    """Of these, rows with at least one partner."""
    unmatched: Count = 0
    """Of these, rows with none."""
    added: Count
    """Rows more than before: of a union, those of the sources; of a join, the fan-out of repeated keys."""
    rejected: Count = 0
    """Rows without a partner, of an inner join."""
    rows: Count
    """Rows after."""
    left_out: list[str] = Field(default_factory=list)
    """Columns of the sources of a union that the table does not have."""


class PartReport(Model):
    """One part of the split."""

    rows: Count
    """Rows in it."""
    classes: list[Count]
    """Rows of each class; empty for regression."""


class FeatureReport(Model):
    """What one feature became, and what was fitted for it on the training part."""

    rule: str
    """Its path in the manifest."""
    column: str
    """The column it is made of."""
    names: list[str]
    """The names of its columns in ``x``, in order."""
    missing: Count = 0
    """Missing values filled in, over all parts."""
    impute: float | str | None = None
    """What they were filled with."""
    clip: tuple[float, float] | None = None
    """The bounds that values were clipped to."""
    offset: float | None = None
    """Scaling: subtracted first."""
    divisor: float | None = None
    """Scaling: divided by then; 1 where the training part has a single value."""
    categories: list[str] = Field(default_factory=list)
    """The categories that have a column."""
    other: Count = 0
    """Rows of other categories, which have zeros; over all parts."""


class DataReport(Model):
    """What became of every row."""

    sources: list[SourceReport]
    """Cleaning, by source."""
    label: list[LabelReport]
    """Labelling, by source."""
    class_names: list[str]
    """The classes in their order; empty for regression."""
    integrate: list[IntegrateReport]
    """Integration, by step."""
    split: dict[str, PartReport]
    """The parts."""
    features: list[FeatureReport]
    """The features."""

    @property
    def rejected(self) -> int:
        """Rows rejected by cleaning, labelling and joins, over all sources."""
        return (
            sum(source.rejected for source in self.sources)
            + sum(label.rejected for label in self.label)
            + sum(step.rejected for step in self.integrate)
        )
