"""What can't be measured is said as such: it is no crash that another attempt might mend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cli.datasets import data, source
from ullage_trainer.config import Data, DataInvalid, Metric, NumericFailure
from ullage_trainer.data import Dataset
from ullage_trainer.data.prepare import prepare
from ullage_trainer.quantize.measure import part_metric
from ullage_trainer.train.blocks import DatasetBlocks
from ullage_trainer.train.objective import Objective, Tally, measures

CLASSES = Objective(loss=None, metrics=(Metric.AUC, Metric.LOG_LOSS), classes=2)


def even(features: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> np.ndarray:
    """Say one half to all."""
    return np.full((len(features), 1), 0.5, np.float32)


@pytest.mark.parametrize("output", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_not_finite_are_a_numeric_failure(output: float) -> None:
    tally = Tally.empty(CLASSES)
    tally.add(np.array([0, 1]), np.array([[0.5], [output]]))
    with pytest.raises(NumericFailure) as caught:
        measures(CLASSES, tally.sums, tally.scores())
    assert str(caught.value) == (
        "evaluation: expected finite outputs of the model, found NaN or infinity; lower "
        "training.optimizer.learningRate or look for extreme values in the features"
    )


def blocks(folder: Path, rows: str, **changes: object) -> DatasetBlocks:
    """Prepare rows of a, b and late."""
    (folder / "t.csv").write_text("a,b,late,minutes\n" + rows)
    columns = source()["columns"]
    spec = data(sources=[source(columns=columns)], virtualShards=1, **changes)
    prepare(Data.model_validate(spec), folder, folder / "prepared")
    return DatasetBlocks(Dataset.open(folder / "prepared"))


def test_a_test_part_without_rows_does_not_tell_a_metric(tmp_path: Path) -> None:
    nothing_to_test = blocks(tmp_path, "1,2,0,0\n2,1,1,0\n", split={"validation": 0, "test": 0})
    with pytest.raises(DataInvalid) as caught:
        part_metric(even, nothing_to_test, CLASSES, 1.0)
    assert str(caught.value) == (
        "quantize: expected a test part that auc can be measured on, found 0 rows there (of one class, if any); raise "
        "data.split.test and prepare the data again, or choose another first metric"
    )
