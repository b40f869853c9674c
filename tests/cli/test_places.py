"""Folders that can't be worked in, and books that can't be read: code 4, and what is there stays as it is."""

from __future__ import annotations

import fcntl
import sqlite3
from pathlib import Path

import pytest

from cli.datasets import data
from cli.workplace import Workplace
from ullage_operator.ledger import Ledger

ADVICE = "make room or access there, or name another folder with --workdir"


@pytest.mark.parametrize(
    ("workdir", "where", "found"),
    [("file", "file", "File exists"), ("file/below", "file/below", "Not a directory")],
)
def test_a_working_folder_that_is_none_is_refused(workplace: Workplace, workdir: str, where: str, found: str) -> None:
    workplace.write("file", "mine")
    ended = workplace.ullage("run", workplace.manifest({"data": data()}), "--workdir", workdir)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == f"{where}: expected a folder that this user can work in, found: {found}; {ADVICE}\n"
    assert (workplace.root / "file").read_text() == "mine"


def test_a_working_folder_in_use_is_refused_and_named_with_the_process_that_holds_it(workplace: Workplace) -> None:
    workplace.workdir.path.mkdir()
    with (workplace.workdir.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        ended = workplace.run({"data": data()})
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == (
        ".ullage: expected no other run here, found that process 4711 holds it; wait for it, or name another folder "
        "with --workdir\n"
    )


def test_usage_without_books_says_what_makes_them_and_makes_none(workplace: Workplace) -> None:
    ended = workplace.ullage("usage")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == (
        "<here>/.ullage/ledger.sqlite3: expected a ledger, found no file; a first `ullage run` creates it, and so does "
        "`ullage declare`\n"
    )
    assert list(workplace.root.iterdir()) == []


def test_all_that_is_wrong_with_the_options_of_usage_is_said_at_once(workplace: Workplace) -> None:
    ended = workplace.ullage("usage", "--by", "job,colour,stage,taste", "--since", "yesterday", "--until", "1969-07-20")
    instant = "expected an instant since 1970 such as 2026-11-01 or 2026-11-01T08:00:00Z"
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "--by: expected keys among institution, programme, model_family, job, stage, outcome, found colour, taste\n"
        f"--since: {instant}, found 'yesterday'\n"
        f"--until: {instant}, found '1969-07-20'\n"
    )


def test_a_period_that_ends_before_it_starts_is_refused(workplace: Workplace) -> None:
    ended = workplace.ullage("usage", "--since", "2026-11-02", "--until", "2026-11-01")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "--until: expected an instant after --since, found 2026-11-01 and 2026-11-02\n"


def books(workplace: Workplace) -> Path:
    """Make books with nothing in them."""
    workplace.workdir.path.mkdir()
    Ledger.open(workplace.workdir.ledger_url, cluster="local", now_ms=lambda: 0).close()
    return workplace.workdir.path / "ledger.sqlite3"


@pytest.mark.parametrize("command", ["usage", "run"])
def test_books_that_are_damaged_are_refused_and_left_as_they_are(workplace: Workplace, command: str) -> None:
    workplace.workdir.path.mkdir()
    path = workplace.write(".ullage/ledger.sqlite3", b"not a database" * 100)
    ended = workplace.run({"data": data()}) if command == "run" else workplace.ullage("usage")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.endswith(
        "expected a ledger, found a file that can't be read as one (file is not a database); restore it from a backup, "
        "or move it away to start new books\n"
    )
    assert path.read_bytes() == b"not a database" * 100


@pytest.mark.parametrize("command", ["usage", "run"])
def test_books_of_a_later_version_are_refused_and_left_as_they_are(workplace: Workplace, command: str) -> None:
    path = books(workplace)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO schema_version (version, created_at_ms) VALUES (99, 0)")
    connection.close()
    ended = workplace.run({"data": data()}) if command == "run" else workplace.ullage("usage")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.partition(": ")[2] == (
        "expected schema version 5, found 99, which a later Ullage wrote; upgrade Ullage to read it. "
        "Nothing was changed\n"
    )
    assert list(workplace.workdir.workers.glob("*")) == []
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (0,)
    connection.close()


def test_books_that_hold_nothing_say_so(workplace: Workplace) -> None:
    books(workplace)
    ended = workplace.ullage("usage")
    assert (ended.code, ended.out, ended.err) == (0, "The books hold nothing for this period.\n", "")
