"""Small data sets and jobs: a table with two classes, the same table with a number to predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ullage_trainer.artifacts import seal
from ullage_trainer.channel import Result
from ullage_trainer.config import Data, Stage
from ullage_trainer.data.prepare import prepare

CLASSES, NUMBERS, HUGE, ONE_ROW = "datasets/classes", "datasets/numbers", "datasets/huge", "datasets/one-row"


def csv_text(rows: int = 120, scale: float = 1) -> str:
    """Return rows of two features, a class and a number, which is multiplied with ``scale``."""
    lines = ["a,b,late,minutes"]
    for a, b in np.random.default_rng(7).normal(size=(rows, 2)):
        lines.append(f"{a:.4f},{b:.4f},{int(a + b > 0)},{(a - b) * scale:.4f}")
    return "\n".join(lines) + "\n"


def data(**changes: Any) -> dict[str, Any]:
    """Return ``spec.data`` for ``t.csv``."""
    return {
        "sources": [source()],
        "label": {"source": "t", "column": "late"},
        "split": {"validation": 0.2, "test": 0.2},
        "features": [{"column": "a"}, {"column": "b"}],
        "virtualShards": 4,
        **changes,
    }


def source(**changes: Any) -> dict[str, Any]:
    """Return the source ``t``."""
    types = {"a": "float64", "b": "float64", "late": "int64", "minutes": "float64"}
    columns = [{"name": name, "type": kind} for name, kind in types.items()]
    return {"name": "t", "csv": {"paths": ["t.csv"]}, "columns": columns, **changes}


def train(dataset: str = CLASSES, **changes: Any) -> dict[str, Any]:
    """Return a spec that starts at the train stage."""
    return {
        "inputs": {"dataset": dataset},
        "model": {"mlp": {"hiddenUnits": [4]}},
        "training": {"epochs": 1, "globalBatchSize": 32},
        **changes,
    }


def make_datasets(storage: Path) -> None:
    """Prepare the data sets and seal them, as the prepare stage does."""
    storage.mkdir(parents=True)
    (storage / "t.csv").write_text(csv_text())
    number = {"source": "t", "column": "minutes", "task": "Regression"}
    all_rows = {"validation": 0, "test": 0}
    one_row, huge = source(csv={"paths": ["one-row.csv"]}), source(csv={"paths": ["huge.csv"]})
    (storage / "one-row.csv").write_text(csv_text(rows=1))
    # The square of such a number does not fit into 32 bits.
    (storage / "huge.csv").write_text(csv_text(scale=1e25))
    for name, spec in (
        (CLASSES, data()),
        (NUMBERS, data(label=number)),
        (HUGE, data(sources=[huge], label=number)),
        (ONE_ROW, data(sources=[one_row], split=all_rows, virtualShards=1)),
    ):
        prepare(Data.model_validate(spec), storage, storage / name)
        seal(storage / name, Stage.PREPARE, name, Result())
