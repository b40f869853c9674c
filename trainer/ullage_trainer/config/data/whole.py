"""The whole of ``spec.data``: its parts, what goes where, and the names by which they call each other."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from ullage_trainer.config.base import MAX_ITEMS, ColumnName, Fraction, Model

from .clean import CleanStep
from .features import Feature
from .integrate import IntegrateStep
from .label import Label
from .sources import Source


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
