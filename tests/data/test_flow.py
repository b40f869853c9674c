from __future__ import annotations

import csv
import hashlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.support import Storage, table
from ullage_trainer.config import ConfigError, Data, DataInvalid
from ullage_trainer.data import Part, prepare_digest
from ullage_trainer.data.prepare import prepare
from ullage_trainer.data.split import threshold


def flights() -> dict[str, Any]:
    return {
        "sources": [
            {"name": "f", "csv": {"paths": ["f.csv"]}, "columns": [
                {"name": "day", "type": "int64"}, {"name": "tail", "type": "string"},
                {"name": "late", "type": "int64"}]},
            {"name": "p", "csv": {"paths": ["p.csv"]}, "columns": [
                {"name": "tail", "type": "string"}, {"name": "seats", "type": "int64"}]},
        ],
        "label": {"source": "f", "rules": [
            {"when": [{"column": "late", "operator": "Ge", "value": 15}], "value": 1},
            {"when": [{"column": "late", "operator": "Lt", "value": 15}], "value": 0}]},
        "integrate": [{"join": {"source": "p", "keys": [{"left": "tail", "right": "tail"}], "columns": ["seats"],
                                "prefix": "plane_"}}],
        "split": {"validation": 0, "test": 0},
        "features": [{"column": "plane_seats", "impute": "Mean", "indicator": True}],
        "virtualShards": 2,
    }  # fmt: skip


def test_a_left_join_counts_matched_and_unmatched_rows_and_the_fan_out(storage: Storage) -> None:
    storage.write("f.csv", "day,tail,late\n1,A,20\n1,B,0\n2,C,15\n2,NA,1\n3,A,NA\n")
    storage.write("p.csv", "tail,seats\nA,100\nB,10\nB,30\nNA,5\n")
    prepared = storage.prepare(flights())
    step = prepared.report.integrate[0]
    assert step.model_dump(exclude={"rule", "kind", "sources", "left_out"}) == {
        "left": 4, "matched": 2, "unmatched": 2, "added": 1, "rejected": 0, "rows": 5,
    }  # fmt: skip
    x, y = storage.rows(Part.TRAIN)
    mean = np.float32((100 + 10 + 30) / 3)
    assert sorted(zip(y.tolist(), x.tolist(), strict=True)) == [
        (0, [10, 0]), (0, [30, 0]), (0, [mean, 1]), (1, [mean, 1]), (1, [100, 0]),
    ]  # fmt: skip
    label = prepared.report.label[0]
    assert (label.rows, label.labelled, label.rejected) == (5, 4, 1)
    assert [(row["row"], row["reasons"][0]["rule"]) for row in storage.rejected("f")] == [(5, "data.label.rules")]


def test_an_inner_join_rejects_rows_without_a_partner_and_keeps_them_with_their_reason(storage: Storage) -> None:
    storage.write("f.csv", "day,tail,late\n1,A,20\n1,B,0\n2,C,15\n")
    storage.write("p.csv", "tail,seats\nA,100\nB,10\n")
    data = flights()
    data["integrate"][0]["join"]["how"] = "Inner"
    prepared = storage.prepare(data)
    assert (prepared.report.integrate[0].rejected, prepared.report.integrate[0].rows) == (1, 2)
    assert [(row["row"], row["values"]["tail"], row["reasons"]) for row in storage.rejected("f")] == [
        (3, "C", [{"rule": "data.integrate[0].join", "expected": "a row of p with the same key", "found": "none"}])
    ]


def test_a_union_labels_the_rows_it_adds_and_a_fixed_part_wins(storage: Storage) -> None:
    storage.write("t.csv", "y,a\ncat,1\ndog,2\n")
    storage.write("u.csv", "a,y,extra\n3,dog,q\n")
    data = table({"a": "int64"})
    data["sources"][0]["columns"][0]["type"] = "string"
    columns = [*data["sources"][0]["columns"], {"name": "extra", "type": "string"}]
    data["sources"].append({"name": "u", "csv": {"paths": ["u.csv"]}, "columns": columns, "split": "test"})
    data["integrate"] = [{"union": {"sources": ["u"]}}]
    prepared = storage.prepare(data)
    assert prepared.info.classes == ["cat", "dog"]
    assert [values.tolist() for values in storage.rows(Part.TEST)] == [[[3.0]], [1]]
    assert sorted(storage.rows(Part.TRAIN)[1].tolist()) == [0, 1]
    assert prepared.report.integrate[0].left_out == ["extra"]


def numbers(rows: int) -> str:
    return "y,a,day\n" + "".join(f"{n % 2},{n},{n // 10}\n" for n in range(rows))


def split_table(**split: object) -> dict[str, object]:
    data = table({"a": "int64", "day": "int64"}, split={"validation": 0.2, "test": 0.3, **split})
    return data | {"features": [{"column": "a"}, {"column": "day"}], "virtualShards": 4}


def test_rows_with_one_key_stay_in_one_part_and_the_shares_are_near_what_was_asked(storage: Storage) -> None:
    storage.write("t.csv", numbers(5000))
    prepared = storage.prepare(split_table(key=["day"]))
    days = {part: set(storage.rows(part)[0][:, 1].tolist()) for part in Part}
    assert sum(len(of_part) for of_part in days.values()) == 500
    assert set.union(*days.values()) == set(range(500))
    assert prepared.rows[Part.VALIDATION] == pytest.approx(1000, rel=0.2)
    assert prepared.rows[Part.TEST] == pytest.approx(1500, rel=0.2)


def test_the_same_data_and_seed_give_the_same_bytes_and_another_seed_gives_others(storage: Storage) -> None:
    storage.write("t.csv", numbers(3000))
    first = storage.prepare(split_table(), "first")
    second = storage.prepare(split_table(), "second")
    third = storage.prepare(split_table(seed=1), "third")
    assert first.info == second.info
    assert first.info.checksums != third.info.checksums
    file = storage.output / "first" / "train" / "shard-00000.parquet"
    assert first.info.checksums["train/shard-00000.parquet"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_row_that_comes_or_goes_moves_no_other_row(storage: Storage) -> None:
    storage.write("t.csv", numbers(2000))
    storage.prepare(split_table(), "before")
    storage.write("t.csv", numbers(2001))
    storage.prepare(split_table(), "after")
    for part in Part:
        before, after = (storage.rows(part, name)[0][:, 0].tolist() for name in ("before", "after"))
        assert [value for value in after if value != 2000] == before


def test_a_share_becomes_the_hash_below_which_it_lies() -> None:
    assert [threshold(share) for share in (0, 0.5, 1)] == ["0" * 13, "8" + "0" * 12, "g"]


def test_an_empty_training_part_and_a_class_that_only_the_test_part_has_are_errors(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n0,1\n1,2\n")
    storage.write("u.csv", "y,a\n2,3\n")
    data = table({"a": "int64"})
    data["sources"].append({**data["sources"][0], "name": "u", "csv": {"paths": ["u.csv"]}, "split": "test"})
    data["integrate"] = [{"union": {"sources": ["u"]}}]
    with pytest.raises(DataInvalid, match=r"every class in the training part, found none there of class '2' \(1 rows"):
        storage.prepare(data)
    data["sources"][0]["split"] = "validation"
    with pytest.raises(DataInvalid, match=r"found none \(train 0, validation 2, test 1\)"):
        storage.prepare(data)


def test_a_manifest_with_several_faults_is_refused_with_all_of_them(storage: Storage) -> None:
    data = table({"a": "int64", "b": "string"})
    data |= {
        "clean": [{"source": "t", "ranges": [{"column": "b", "minimum": 0}], "missing": [{"column": "aa"}]}],
        "label": {"source": "t", "rules": [{"when": [{"column": "a", "operator": "Eq", "value": "x"}], "value": 1}]},
        "features": [{"column": "a"}, {"column": "b"}, {"column": "nowhere"}],
    }
    data["split"] = {"key": ["c"]}
    with pytest.raises(ConfigError) as caught:
        storage.prepare(data)
    assert str(caught.value).splitlines() == [
        "data.clean[0].ranges[0].column: expected a column of type int64 or float64, found 'b' of type string",
        (
            "data.clean[0].missing[0].column: expected a column, found 'aa', which is not there; "
            "did you mean 'a'? There are: y, a, b"
        ),
        "data.label.rules[0].when[0].value: expected a value of type int64, as the column is, found 'x'",
        "data.split.key[0]: expected a column, found 'c', which is not there; There are: y, a, b",
        "data.features[0].column: expected nothing that the label is made of, found 'a'",
        (
            "data.features[1].column: expected int64 or float64 or boolean with encode Number, "
            "found 'b' of type string; use encode OneHot"
        ),
        "data.features[2].column: expected a column, found 'nowhere', which is not there; There are: y, a, b",
    ]


def test_the_digest_changes_with_the_content_and_the_manifest_alone(storage: Storage) -> None:
    storage.write("t.csv", numbers(10))
    data = Data.model_validate(table({"a": "int64"}))
    seen: list[tuple[str, int, int]] = []
    first = prepare_digest(data, storage.root, progress=lambda *step: seen.append(step))
    (storage.root / "t.csv").touch()
    size = (storage.root / "t.csv").stat().st_size
    assert prepare_digest(data, storage.root) == first
    assert seen == [("hashing t.csv", size, size)]
    assert prepare_digest(data.model_copy(update={"virtual_shards": 2}), storage.root) != first
    storage.write("t.csv", numbers(11))
    assert prepare_digest(data, storage.root) != first


VALUES = st.sampled_from(["", "NA", "0", "1", "2", "x", "-5", "99", "1e2", "nan"])
HEADER, SURE = ["y", "a", "k"], ["0", "1", "sure"]
ROWS = st.lists(st.lists(VALUES, min_size=1, max_size=4), min_size=1, max_size=30)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_every_row_that_is_read_is_kept_rejected_or_merged_and_none_is_lost(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("flow")
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [["y", "a", "k"], ["0", "1", "sure"], *rows]
    )
    (folder / "t.csv").write_text(written.getvalue())
    clean = {
        "source": "t",
        "ranges": [{"column": "a", "minimum": 0, "maximum": 10}],
        "missing": [{"column": "a"}],
        "duplicates": {"key": ["k"]},
    }
    data = Data.model_validate(table({"a": "float64", "k": "string"}, clean=[clean]))
    try:
        prepared = prepare(data, folder, folder / "output")
    except DataInvalid:
        return
    source, label = prepared.report.sources[0], prepared.report.label[0]
    # A line with an empty last field more than its header has ends with a delimiter: that is no field.
    assert source.read == len(rows) + 1
    assert source.read == source.kept + source.rejected + source.merged
    assert source.rejected == sum(rule.rejected for rule in source.rules)
    assert source.merged == sum(rule.merged for rule in source.rules)
    assert label.rows == source.kept == label.labelled + label.rejected
    assert sum(prepared.rows.values()) == label.labelled
    assert sum(sum(shards) for shards in prepared.info.shard_rows.values()) == label.labelled
