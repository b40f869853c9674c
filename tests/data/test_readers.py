from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.support import Storage, idx, table
from ullage_trainer.config import ConfigError, DataInvalid, InputMissing
from ullage_trainer.config.data import CsvSource
from ullage_trainer.data import Part
from ullage_trainer.data.engine import engine
from ullage_trainer.data.readers.csv import CsvTable, damaged_records, write_csv


def damage(storage: Storage) -> list[tuple[int, str, str, str]]:
    return [
        (row["row"], row["reasons"][0]["expected"], row["reasons"][0]["found"], row["raw"])
        for row in storage.rejected("t")
    ]


def test_damaged_csv_records_are_rejected_one_by_one_and_all_others_are_read(storage: Storage) -> None:
    storage.write("t.csv", b'y,a\n0,1\n1,2,3\n1\n0,"4\n1,5\n0,"6"x\n1,\xff\n\n1,8\n0,"9"\n')
    prepared = storage.prepare(table({"a": "int64"}))
    assert damage(storage) == [
        (2, "2 fields", "3 fields", "1,2,3"),
        (3, "2 fields", "1 fields", "1"),
        (4, "quotes in pairs around a field", "unexpected end of data", '0,"4'),
        (6, "quotes in pairs around a field", "',' expected after '\"'", '0,"6"x'),
        (7, "UTF-8", "byte 0xff at position 3", "1,\\xff"),
    ]
    assert sorted(storage.rows(Part.TRAIN)[0].ravel().tolist()) == [1, 5, 8, 9]
    source = prepared.report.sources[0]
    assert (source.read, source.kept, source.rejected) == (9, 4, 5)


def test_a_quoted_field_may_hold_delimiters_line_breaks_and_quotes(storage: Storage) -> None:
    storage.write("t.csv", 'y;a\r\n0;"x;1\r\n""2"""\r\n1;NA\r\n')
    data = table({"a": "string"}, features=[{"column": "a", "impute": "MostFrequent", "encode": "OneHot"}])
    data["sources"][0]["csv"]["delimiter"] = ";"
    prepared = storage.prepare(data)
    assert prepared.report.features[0].categories == ['x;1\r\n"2"']


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_both_ways_of_reading_csv_give_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows])
    (folder / "t.csv").write_text(written.getvalue(), encoding="utf-8", newline="")
    csv_table = CsvTable(folder / "t.csv", CsvSource(paths=["t.csv"]), ["a", "b"], ["b", "a"])
    with engine(folder) as connection:
        assert write_csv(connection, csv_table, 0, folder / "t.parquet") == len(rows)
    fast = pq.read_table(folder / "t.parquet").select(["a", "b"]).to_pylist()
    assert [(row["a"], row["b"]) for row in fast] == rows
    assert [(values[1], values[0]) for values in (record.values for record in damaged_records(csv_table))] == rows


def test_rows_are_numbered_in_the_order_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"{number},{'x' * 50}\n" for number in range(1, 300_001)))
    csv_table = CsvTable(path, CsvSource(paths=["t.csv"]), ["a", "b"], ["a"])
    with engine(tmp_path) as connection:
        assert write_csv(connection, csv_table, 0, tmp_path / "t.parquet") == 300_000
    read = pq.read_table(tmp_path / "t.parquet")
    assert read.column("a").to_pylist() == [str(number) for number in read.column("__ullage_row").to_pylist()]


def test_files_are_united_by_column_name(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n0,1\n")
    storage.write("more.csv.gz", "extra,a,y\nq,2,1\n")
    data = table({"a": "int64"})
    data["sources"][0]["csv"]["paths"].append("more.csv.gz")
    prepared = storage.prepare(data)
    x, y = storage.rows(Part.TRAIN)
    assert sorted(zip(y.tolist(), x.ravel().tolist(), strict=True)) == [(0, 1.0), (1, 2.0)]
    assert [(file.path, file.rows) for file in prepared.report.sources[0].files] == [("t.csv", 1), ("more.csv.gz", 1)]


def test_json_lines_keep_their_numbers_texts_and_reject_what_does_not_parse(storage: Storage) -> None:
    lines = ['{"y": 0, "a": 1.50}', '{"y": 1, "a": "2"}', "{", "[1]", '{"a": {"b": 1}, "y": 0}', '{"y": 1}', ""]
    storage.write("t.jsonl", "\n".join(lines))
    data = table({"a": "float64"})
    source = data["sources"][0]
    source["jsonLines"] = {"paths": ["t.jsonl"]}
    del source["csv"]
    prepared = storage.prepare(data)
    assert sorted(storage.rows(Part.TRAIN)[0].ravel().tolist()) == [0.0, 1.5, 2.0]
    assert [(row[0], row[1], row[3]) for row in damage(storage)] == [
        (3, "a JSON object", "{"),
        (4, "a JSON object", "[1]"),
        (5, "a single value for a", '{"a": {"b": 1}, "y": 0}'),
    ]
    assert prepared.report.sources[0].read == 6


def test_parquet_values_are_read_without_loss(storage: Storage) -> None:
    values = [0.1, 1e300, float("nan"), None]
    path = storage.root / "t.parquet"
    pq.write_table(pa.table({"a": pa.array(values), "y": pa.array([0, 1, 0, 1])}), path)
    data = table({"a": "float64"})
    source = data["sources"][0]
    source["parquet"] = {"paths": ["t.parquet"]}
    del source["csv"]
    data["clean"] = [{"source": "t", "ranges": [{"column": "a", "maximum": 0.1, "action": "Clip"}]}]
    storage.prepare(data)
    assert sorted(storage.rows(Part.TRAIN)[0].ravel().tolist()) == [0.0, np.float32(0.1), np.float32(0.1)]
    assert [(row["row"], row["values"]["a"]) for row in storage.rejected("t")] == [(3, "nan")]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataInvalid, match=r"expected a Parquet file at 't.parquet'"):
        storage.prepare(data, "again")


def images() -> dict[str, object]:
    return {
        "sources": [{"name": "t", "idx": {"images": "i.idx.gz", "labels": "l.idx"}}],
        "label": {"source": "t", "column": "label"},
        "split": {"validation": 0, "test": 0},
        "virtualShards": 2,
    }


def test_images_are_written_as_the_bytes_they_are(storage: Storage) -> None:
    pixels = np.arange(5 * 2 * 3).reshape(5, 2, 3)
    storage.write("i.idx.gz", idx(pixels))
    storage.write("l.idx", idx(np.array([0, 1, 2, 1, 0])))
    prepared = storage.prepare(images())
    assert (prepared.info.shape, prepared.info.dtype, prepared.info.classes) == ((2, 3, 1), "uint8", ["0", "1", "2"])
    x, y = storage.rows(Part.TRAIN)
    order = np.argsort(x[:, 0, 0, 0])
    assert x.dtype == np.uint8
    assert np.array_equal(x[order], pixels[..., np.newaxis])
    assert y[order].tolist() == [0, 1, 2, 1, 0]
    assert prepared.uses[0].bytes == prepared.bytes_read


def test_an_idx_file_with_a_bad_header_too_few_bytes_or_too_few_labels_is_refused(
    storage: Storage,
) -> None:
    pixels, labels = idx(np.zeros((3, 2, 2))), idx(np.zeros(3))
    cases = [
        (labels, pixels, r"magic number 0x00000803\), found 0x00000801"),
        (pixels[:-1], labels, r"expected 28 bytes for shape \(3, 2, 2\), found 27"),
        (pixels, idx(np.zeros(2)), "expected 3 labels, one for each image of 'i.idx.gz', found 2"),
    ]
    for first, second, message in cases:
        storage.write("i.idx.gz", first)
        storage.write("l.idx", second)
        with pytest.raises(DataInvalid, match=message):
            storage.prepare(images())


def test_all_missing_and_empty_files_are_named_at_once(storage: Storage) -> None:
    storage.write("empty.csv", "")
    data = table({"a": "int64"})
    data["sources"][0]["csv"]["paths"] = ["t.csv", "empty.csv"]
    with pytest.raises(InputMissing) as caught:
        storage.prepare(data)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("data.sources[0].csv.paths[0]: expected a file at 't.csv' in storage, found none")
    assert lines[1] == (
        "data.sources[0].csv.paths[1]: expected data in 'empty.csv', found an empty file (0 bytes); fetch it anew"
    )


def test_a_truncated_gzip_file_is_refused(storage: Storage) -> None:
    storage.write("t.csv.gz", "y,a\n" + "".join(f"{n % 2},{n}\n" for n in range(5000)))
    path = storage.root / "t.csv.gz"
    path.write_bytes(path.read_bytes()[:-100])
    data = table({"a": "int64"})
    data["sources"][0]["csv"]["paths"] = ["t.csv.gz"]
    with pytest.raises(DataInvalid, match=r"expected a whole gzip file at 't.csv.gz'"):
        storage.prepare(data)
    storage.write("t.csv.gz", "")
    assert gzip.decompress(path.read_bytes()) == b""
    with pytest.raises(DataInvalid, match="a gzip file that holds nothing"):
        storage.prepare(data)


def test_a_column_that_is_not_there_is_named_with_those_that_are(storage: Storage) -> None:
    storage.write("t.csv", "y,delay_min,b\n0,1,2\n")
    with pytest.raises(InputMissing) as caught:
        storage.prepare(table({"delay_mins": "int64", "zzz": "int64"}))
    assert str(caught.value) == (
        "data.sources[0].csv.paths[0]: 't.csv': expected a column 'delay_mins', found none; "
        "did you mean 'delay_min'? There are: y, delay_min, b\n"
        "data.sources[0].csv.paths[0]: 't.csv': expected a column 'zzz', found none; There are: y, delay_min, b"
    )


def test_a_header_alone_is_no_data(storage: Storage) -> None:
    storage.write("t.csv", "y,a\n")
    with pytest.raises(DataInvalid, match=r"source 't': expected at least one record in 't.csv', found none"):
        storage.prepare(table({"a": "int64"}))


def test_a_link_that_leads_out_of_storage_is_refused(storage: Storage) -> None:
    outside = storage.root.parent / "outside.csv"
    outside.write_text("y,a\n0,1\n")
    (storage.root / "t.csv").symlink_to(outside)
    with pytest.raises(ConfigError, match="expected a path inside the storage directory"):
        storage.prepare(table({"a": "int64"}))


def test_names_of_columns_need_no_care(storage: Storage) -> None:
    names = ['it\'s "x"', "outcome", "file", "select"]
    written = io.StringIO()
    csv.writer(written).writerows([["y", *names], ["0", "1", "2", "3", "bad"], ["1", "1", "2", "3", "4"]])
    storage.write("t.csv", written.getvalue())
    storage.prepare(table(dict.fromkeys(names, "int64")))
    assert storage.rejected("t")[0]["values"] == dict(zip(["y", *names], ["0", "1", "2", "3", "bad"], strict=True))
    assert json.loads((storage.output / "dataset.json").read_text())["features"] == names
