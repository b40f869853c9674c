"""Data that can't be used: code 3, one attempt, the reason once, and the books closed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cli.datasets import csv_text, data, source
from cli.workplace import Workplace


@dataclass(frozen=True)
class Case:
    """What is put into storage, what the manifest asks for, and what is said."""

    store: Callable[[Workplace], object]
    said: str
    data: dict[str, Any] = field(default_factory=data)


def _link_out(workplace: Workplace) -> None:
    secret = workplace.write("elsewhere/secret.csv", csv_text())
    link = workplace.workdir.storage / "t.csv"
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)


FIRST_FILE = "data.sources[0].csv.paths[0]"
GZIP = gzip.compress(csv_text(2000).encode(), mtime=0)[:-3000]
CASES = {
    "a file that is not there": Case(
        lambda here: here.store("u.csv", csv_text()),
        f"InputMissing: {FIRST_FILE}: expected a file at 't.csv' in storage, found none (its folder holds u.csv); "
        "put it there, or correct the path (paths are relative to the storage directory)",
    ),
    "an empty file": Case(
        lambda here: here.store("t.csv", ""),
        f"InputMissing: {FIRST_FILE}: expected data in 't.csv', found an empty file (0 bytes); fetch it anew",
    ),
    "a truncated gzip file": Case(
        lambda here: here.store("t.csv.gz", GZIP),
        f"DataInvalid: {FIRST_FILE}: expected a whole gzip file at 't.csv.gz', found one that is truncated or damaged "
        "(Compressed file ended before the end-of-stream marker was reached); fetch it anew, and compare its size of "
        f"{len(GZIP):,} bytes with the original's",
        data(sources=[source(csv={"paths": ["t.csv.gz"]})]),
    ),
    "columns that the file does not have": Case(
        lambda here: here.store("t.csv", "a,b,delayed\n1,2,0\n"),
        f"InputMissing: {FIRST_FILE}: 't.csv': expected a column 'late', found none; There are: a, b, delayed\n"
        f"{FIRST_FILE}: 't.csv': expected a column 'minutes', found none; There are: a, b, delayed",
    ),
    "columns that the manifest does not declare": Case(
        lambda here: here.store("t.csv", csv_text()),
        "ConfigInvalid: data.split.key[0]: expected a column, found 'day', which is not there; "
        "There are: a, b, late, minutes\n"
        "data.features[0].column: expected a column, found 'minute', which is not there; did you mean 'minutes'? "
        "There are: a, b, late, minutes",
        data(features=[{"column": "minute"}], split={"key": ["day"]}),
    ),
    "a link that leads out of storage": Case(
        _link_out,
        "ConfigInvalid: path 't.csv': expected a path inside the storage directory, found one that leads out of it; "
        "put the file (not a link to it) into storage and name it relative to that",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_data_that_cannot_be_used_ends_the_job_at_once_with_its_reason(workplace: Workplace, case: Case) -> None:
    case.store(workplace)
    ended = workplace.run({"data": case.data})
    assert (ended.code, ended.out) == (3, "")
    assert ended.verdict == (
        f"tiny: Failed\n{case.said}\n\nWhole logs\n  tiny-prepare-1-0: .ullage/workers/<uid>/log.txt\n"
    )
    assert workplace.holds() == {"prepare Failed": 1}
    assert workplace.verified() == []
    assert workplace.left_running() == []


def test_when_all_rows_are_rejected_each_is_kept_with_its_reason(workplace: Workplace) -> None:
    workplace.store("t.csv", "a,b,late,minutes\nx,1,0,2\n1,y,1,3\n")
    ended = workplace.run({"data": data()})
    assert (ended.code, ended.out) == (3, "")
    assert ended.verdict == (
        "tiny: Failed\n"
        "DataInvalid: source 't': expected rows, found none left of 2; most, 1, were rejected by "
        "data.sources[0].columns[0] (expected a of type float64); rejected/ in the stage's folder holds each with its "
        "reasons\n\n"
        "Whole logs\n  tiny-prepare-1-0: .ullage/workers/<uid>/log.txt\n\n"
        "What the attempt left: .ullage/storage/tiny/runs/<run>/prepare-1\n"
    )
    said = [(row["file"], row["row"], row["outcome"], row["reasons"]) for row in workplace.rejected("t")]
    assert said == [
        (
            "t.csv",
            1,
            "rejected",
            [{"rule": "data.sources[0].columns[0]", "expected": "a of type float64", "found": "x"}],
        ),
        (
            "t.csv",
            2,
            "rejected",
            [{"rule": "data.sources[0].columns[1]", "expected": "b of type float64", "found": "y"}],
        ),
    ]
    assert workplace.holds() == {"prepare Failed": 1}
    assert workplace.left_running() == []
