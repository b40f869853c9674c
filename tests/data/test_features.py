from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from data.support import Storage, table
from ullage_trainer.config import DataInvalid
from ullage_trainer.data import Part


def parts(columns: dict[str, str], features: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return `data` that trains on t.csv and tests on u.csv."""
    data = table(columns, features=features)
    data["sources"].append({**data["sources"][0], "name": "u", "csv": {"paths": ["u.csv"]}, "split": "test"})
    return data | {"integrate": [{"union": {"sources": ["u"]}}]}


def by_first(x: np.ndarray) -> list[list[float]]:
    return sorted(np.round(x, 5).tolist())


def test_statistics_are_fitted_on_the_training_part_alone(storage: Storage) -> None:
    storage.write("t.csv", "y,a,b\n0,1,0\n1,3,10\n0,,5\n")
    storage.write("u.csv", "y,a,b\n1,1000,20\n0,NA,-10\n")
    features: list[dict[str, object]] = [
        {"column": "a", "impute": "Mean", "indicator": True},
        {"column": "b", "scale": "MinMax"},
    ]
    prepared = storage.prepare(parts({"a": "float64", "b": "float64"}, features))
    assert prepared.info.features == ["a", "a_missing", "b"]
    assert by_first(storage.rows(Part.TRAIN)[0]) == [[1, 0, 0], [2, 1, 0.5], [3, 0, 1]]
    assert by_first(storage.rows(Part.TEST)[0]) == [[2, 1, -1], [1000, 0, 2]]
    assert (prepared.report.features[0].impute, prepared.report.features[0].missing) == (2.0, 2)


def test_standard_scaling_gives_mean_zero_and_deviation_one_and_survives_a_constant(storage: Storage) -> None:
    storage.write("t.csv", "y,a,b\n" + "".join(f"{n % 2},{n},4\n" for n in range(101)))
    features = [{"column": "a", "scale": "Standard"}, {"column": "b", "scale": "Standard"}]
    prepared = storage.prepare(table({"a": "int64", "b": "int64"}, features=features))
    x, _ = storage.rows(Part.TRAIN)
    assert x.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert x.std(axis=0) == pytest.approx([1, 0], abs=1e-6)
    assert prepared.report.features[1].divisor == 1.0


def test_outliers_are_clipped_to_quantiles_of_the_training_part(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n" + "".join(f"{n % 2},{n}\n" for n in range(101)))
    storage.write("u.csv", "y,a\n0,-7\n1,1000\n")
    features = [{"column": "a", "outliers": {"lower": 0.1, "upper": 0.9}}]
    prepared = storage.prepare(parts({"a": "int64"}, features))
    assert prepared.report.features[0].clip == (10.0, 90.0)
    assert by_first(storage.rows(Part.TEST)[0]) == [[10.0], [90.0]]


def test_one_hot_keeps_the_most_frequent_categories_and_others_are_all_zeros(storage: Storage) -> None:
    storage.write("t.csv", "y,c\n0,b\n1,b\n0,a\n1,a\n0,z\n")
    storage.write("u.csv", "y,c\n0,a\n1,new\n")
    features = [{"column": "c", "encode": "OneHot", "maxCategories": 2}]
    prepared = storage.prepare(parts({"c": "string"}, features))
    assert prepared.info.features == ["c=a", "c=b"]
    assert by_first(storage.rows(Part.TRAIN)[0]) == [[0, 0], [0, 1], [0, 1], [1, 0], [1, 0]]
    assert by_first(storage.rows(Part.TEST)[0]) == [[0, 0], [1, 0]]
    assert prepared.report.features[0].other == 2


def test_a_cycle_becomes_sine_and_cosine_and_a_date_part_a_number(storage: Storage) -> None:
    storage.write("t.csv", "y,t\n0,2013-07-06T06:45:00Z\n")
    features = [
        {"column": "t", "datePart": "Hour", "encode": "Cyclic", "period": 24},
        *({"column": "t", "datePart": part} for part in ("Month", "Day", "Weekday", "Minute")),
    ]
    prepared = storage.prepare(table({"t": "timestamp"}, features=features))
    assert prepared.info.features == ["t_hour_sin", "t_hour_cos", "t_month", "t_day", "t_weekday", "t_minute"]
    assert storage.rows(Part.TRAIN)[0].tolist() == [pytest.approx([1, 0, 7, 6, 5, 45], abs=1e-6)]


@pytest.mark.parametrize(("impute", "filled"), [("Median", 2.0), ("MostFrequent", 1.0), ("Zero", 0.0), ("Mean", 3.0)])
def test_each_way_to_impute_fills_in_what_it_is_called_after(storage: Storage, impute: str, filled: float) -> None:
    storage.write("t.csv", "y,a\n0,1\n1,1\n0,3\n1,7\n0,\n")
    data = table({"a": "float64"}, features=[{"column": "a", "impute": impute}])
    assert storage.prepare(data).report.features[0].impute == filled


def test_all_features_with_missing_values_and_no_impute_are_named(storage: Storage) -> None:
    storage.write("t.csv", "y,a,b\n0,,\n1,1,\n")
    features = [{"column": "a"}, {"column": "b", "impute": "Mean"}]
    with pytest.raises(DataInvalid) as caught:
        storage.prepare(table({"a": "int64", "b": "int64"}, features=features))
    first, second = str(caught.value).splitlines()
    assert first.startswith("data.features[0]: expected a value in every row of 'a', found 1 missing")
    assert second.startswith("data.features[1]: expected values of 'b' in the training part to impute from, found none")


def test_a_regression_keeps_its_label_as_a_number(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n0.5,1\n1.5,2\n")
    data = table({"a": "int64"}, label={"source": "t", "column": "y", "task": "Regression"})
    data["sources"][0]["columns"][0]["type"] = "float64"
    prepared = storage.prepare(data)
    _, y = storage.rows(Part.TRAIN)
    assert (y.dtype.name, sorted(y.tolist()), prepared.info.classes) == ("float32", [0.5, 1.5], [])
