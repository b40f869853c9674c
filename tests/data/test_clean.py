from __future__ import annotations

import numpy as np
import pytest

from data.support import Storage, table
from ullage_trainer.config import DataInvalid
from ullage_trainer.data import Part


def reason(rule: str, expected: str, found: str) -> dict[str, str]:
    return {"rule": rule, "expected": expected, "found": found}


def test_a_row_with_a_bad_type_is_kept_with_its_reason_and_its_original_texts(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n0,1.5\n1,twelve\n0,2.5\n")
    prepared = storage.prepare(table({"a": "float64"}))
    assert storage.rejected("t") == [{
        "file": "t.csv",
        "row": 2,
        "outcome": "rejected",
        "reasons": [reason("data.sources[0].columns[1]", "a of type float64", "twelve")],
        "values": {"y": "1", "a": "twelve"},
        "raw": None,
    }]  # fmt: skip
    source = prepared.report.sources[0]
    assert (source.read, source.kept, source.rejected, source.merged) == (3, 2, 1, 0)


def test_a_row_that_breaks_several_rules_names_all_of_them_and_counts_with_the_first(storage: Storage) -> None:
    storage.write("t.csv", "y,a,b\n0,1,1\n1,x,\n")
    clean = [{"source": "t", "missing": [{"column": "b"}]}]
    prepared = storage.prepare(table({"a": "int64", "b": "int64"}, clean=clean))
    assert storage.rejected("t")[0]["reasons"] == [
        reason("data.sources[0].columns[1]", "a of type int64", "x"),
        reason("data.clean[0].missing[0]", "b has a value", "nothing"),
    ]
    counted = {rule.rule: rule.rejected for rule in prepared.report.sources[0].rules if rule.rejected}
    assert counted == {"data.sources[0].columns[1]": 1}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int64", "12", 12),
        ("int64", " +12 ", 12),
        ("int64", "12.0", 12),
        ("int64", "12.7", None),
        ("int64", "1e3", None),
        ("int64", "0x10", None),
        ("int64", "1d", None),
        ("int64", "9223372036854775807", 9223372036854775807),
        ("int64", "9223372036854775808", None),
        ("float64", "1e3", 1000.0),
        ("float64", "-.5", -0.5),
        ("float64", "NaN", None),
        ("float64", "inf", None),
        ("float64", "1e999", None),
        ("float64", "1_000", None),
        ("boolean", "TRUE", 1.0),
        ("boolean", "0", 0.0),
        ("boolean", "yes", None),
    ],
)
def test_a_text_is_a_number_if_every_engine_reads_it_so(
    storage: Storage, kind: str, text: str, value: float | None
) -> None:
    storage.write("t.csv", f"y,a\n0,{text}\n1,1\n")
    data = table({"a": kind}, clean=[{"source": "t", "onInvalid": "SetNull"}])
    data["features"] = [{"column": "a", "impute": "Zero", "indicator": True}]
    storage.prepare(data)
    x, y = storage.rows(Part.TRAIN)
    expected = [0.0, 1.0] if value is None else [np.float32(value), 0.0]
    assert x[y == 0].tolist() == [expected]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2013-01-01T06:00:00Z", 6),
        ("2013-01-01 06:30", 6),
        ("2013-01-01", 0),
        ("2013-01-01T06:00:00+05:30", 0),
        ("2013-01-01T06:00:00-05:00", 11),
    ],
)
def test_a_time_is_read_as_utc_and_its_offset_counts(storage: Storage, text: str, hour: int) -> None:
    storage.write("t.csv", f"y,a\n0,{text}\n")
    data = table({"a": "timestamp"}, features=[{"column": "a", "datePart": "Hour"}])
    storage.prepare(data)
    assert storage.rows(Part.TRAIN)[0].tolist() == [[hour]]


def test_each_action_on_a_range_does_what_it_says_and_is_counted(storage: Storage) -> None:
    storage.write("t.csv", "y,a,b,c\n0,5,5,5\n1,50,50,50\n0,-5,5,5\n")
    ranges = [
        {"column": "a", "minimum": 0},
        {"column": "b", "maximum": 10, "action": "Clip"},
        {"column": "c", "maximum": 10, "action": "SetNull"},
    ]
    clean = [{"source": "t", "ranges": ranges}]
    prepared = storage.prepare(table({"a": "int64", "b": "int64", "c": "int64"}, clean=clean))
    x, y = storage.rows(Part.TRAIN)
    assert sorted(zip(y.tolist(), x.tolist(), strict=True)) == [(0, [5, 5, 5]), (1, [50, 10, 0])]
    assert [row["reasons"] for row in storage.rejected("t")] == [[reason("data.clean[0].ranges[0]", "a >= 0", "-5")]]
    did = {rule.rule: (rule.rejected, rule.changed) for rule in prepared.report.sources[0].rules}
    assert did["data.clean[0].ranges[0]"] == (1, 0)
    assert did["data.clean[0].ranges[1]"] == (0, 1)
    assert did["data.clean[0].ranges[2]"] == (0, 1)


def test_missing_values_are_filled_with_the_constant(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n0,NA\n1,\n0,3\n")
    clean = [{"source": "t", "missing": [{"column": "a", "action": "Fill", "value": 7}]}]
    prepared = storage.prepare(table({"a": "int64"}, clean=clean))
    assert sorted(storage.rows(Part.TRAIN)[0].ravel().tolist()) == [3, 7, 7]
    assert prepared.report.sources[0].changed == 2


@pytest.mark.parametrize(("keep", "kept"), [("First", 1.0), ("Last", 3.0)])
def test_of_rows_with_one_key_the_first_or_the_last_stays(storage: Storage, keep: str, kept: float) -> None:
    storage.write("t.csv", "y,k,a\n0,x,1\n0,x,2\n0,x,3\n0,x,bad\n1,z,9\n")
    clean = [{"source": "t", "duplicates": {"key": ["k"], "keep": keep}}]
    prepared = storage.prepare(table({"k": "string", "a": "float64"}, clean=clean))
    assert sorted(storage.rows(Part.TRAIN)[0].ravel().tolist()) == [kept, 9.0]
    source = prepared.report.sources[0]
    assert (source.read, source.kept, source.rejected, source.merged) == (5, 2, 1, 2)
    merged = [row for row in storage.rejected("t") if row["outcome"] == "merged"]
    assert [row["row"] for row in merged] == ([2, 3] if keep == "First" else [1, 2])
    assert merged[0]["reasons"][0]["found"] == f"the same key as row {int(kept)}"


def test_rows_are_duplicates_over_all_columns_where_no_key_is_given_and_nulls_are_equal(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n0,NA\n0,\n0,1\n")
    prepared = storage.prepare(table({"a": "int64"}, clean=[{"source": "t", "duplicates": {}}]))
    assert prepared.report.sources[0].merged == 1


def test_rejecting_all_rows_is_an_error_that_names_the_rule_that_rejected_most(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n0,x\n1,1000\n1,2000\n")
    clean = [{"source": "t", "ranges": [{"column": "a", "maximum": 10}]}]
    with pytest.raises(DataInvalid, match=r"none left of 3; most, 2, were rejected by data.clean\[0\].ranges\[0\]"):
        storage.prepare(table({"a": "int64"}, clean=clean))
    assert [row["row"] for row in storage.rejected("t")] == [1, 2, 3]
