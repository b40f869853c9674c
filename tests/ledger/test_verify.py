from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.builders import activity, data_use, hold, release
from ledger.subject_builders import capacity, one_of_each
from ullage_operator.ledger import Ledger, Reversal
from ullage_operator.ledger.tables import append_only, metadata, triggers
from ullage_trainer.config import Usage

TABLES = tuple(table.name for table in metadata.sorted_tables if table.name != "schema_version")


@pytest.fixture
def books(ledger_file: Path) -> Iterator[Ledger]:
    """Books with every type of entry, and a correction."""
    with Ledger.open(f"sqlite:///{ledger_file}", cluster="local", now_ms=lambda: 100_000) as ledger:
        ledger.post([hold(), activity(), data_use(), release()])
        reversal = Reversal.of(release(), reason="clock", author="ana", at_ms=20_000)
        ledger.post([reversal, release(to_ms=10_500, revision=2), hold("worker-2")])
        ledger.post([activity("worker-2", usage=Usage(samples=4_000, flop=314 * 10**21), parameters=175 * 10**9)])
        ledger.post(one_of_each()[4:])
        ledger.post([capacity(name="n2", from_ms=0)])  # late, as second 0 is closed
        yield ledger


def tamper(path: Path, statement: str, *parameters: object) -> int:
    """Change a ledger as nobody should: triggers dropped, no checks, triggers put back. Return the rows changed."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for table in metadata.sorted_tables:
            for trigger in triggers(table.name):
                connection.execute(f"DROP TRIGGER {trigger}")
        changed = connection.execute(statement, parameters).rowcount
        for put_back in append_only("sqlite", list(metadata.tables)):
            connection.execute(put_back)
        connection.execute("COMMIT")
    return changed


def rows_of(path: Path, table: str) -> list[dict[str, object]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT rowid AS place, * FROM {table}")]  # noqa: S608  # ours


def changed_values(value: object) -> st.SearchStrategy[object]:
    """Draw another value than the one that stands there."""
    if isinstance(value, int):
        return st.integers(min_value=0, max_value=2**63 - 1).filter(lambda other: other != value)
    if isinstance(value, str):
        return st.text(max_size=70).filter(lambda other: other != value)
    return st.just("something") | st.just(7)


def test_books_that_were_only_posted_to_verify(books: Ledger) -> None:
    assert books.verify() == []


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_value_is_found(books: Ledger, ledger_file: Path, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(TABLES))
    row = data.draw(st.sampled_from(rows_of(ledger_file, table)))
    column = data.draw(st.sampled_from([name for name in row if name != "place"]))
    change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608  # our own names
    place = row["place"] if column != "sequence" or table == "activity_rank" else None
    try:
        value = data.draw(changed_values(row[column]))
        assert tamper(ledger_file, change, value, row["place"]) == 1
    except sqlite3.IntegrityError:
        return  # the schema itself refuses a text for a number, or a second row of one key
    assert books.verify() != []
    tamper(ledger_file, change, row[column], value if place is None else place)
    assert books.verify() == []


@pytest.mark.parametrize("table", TABLES)
def test_any_row_that_is_missing_is_found(books: Ledger, ledger_file: Path, table: str) -> None:
    for row in rows_of(ledger_file, table):
        columns = [name for name in row if name != "place"]
        assert tamper(ledger_file, f"DELETE FROM {table} WHERE rowid = ?", row["place"]) == 1  # noqa: S608  # our own
        assert books.verify() != []
        marks = ", ".join("?" * len(columns))
        put_back = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  # our own names
        tamper(ledger_file, put_back, *(row[name] for name in columns))
        assert books.verify() == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("INSERT INTO hold_release VALUES (1, 'Lost')", "entry 1: its facts have the hash "),
        ("INSERT INTO activity_rank VALUES (2, 9, 1, 1)", "entry 2: its facts have the hash "),
        ("INSERT INTO data_use VALUES (99, 'a', 'b', 1, 1, 1)", "entry 99: missing, but data_use holds details of it"),
    ],
)
def test_a_row_that_was_slipped_in_is_found(books: Ledger, ledger_file: Path, statement: str, problem: str) -> None:
    tamper(ledger_file, statement)
    assert books.verify()[0].startswith(problem)


def test_a_release_that_was_moved_and_hashed_again_breaks_the_chain_after_it(books: Ledger, ledger_file: Path) -> None:
    tamper(ledger_file, "UPDATE entry SET hash = ? WHERE sequence = 4", "f" * 64)
    found = books.verify()
    assert [line[:60] for line in found] == [
        "entry 4: its facts have the hash " + str(rows_of(ledger_file, "entry")[4]["previous_hash"])[:27],
        "entry 5: expected the hash of the entry before, " + "f" * 12,
    ]


def test_triggers_that_were_dropped_are_missed(books: Ledger, ledger_file: Path) -> None:
    with closing(sqlite3.connect(ledger_file)) as connection, connection:
        connection.execute("DROP TRIGGER entry_refuses_update")
    assert books.verify() == [
        "table entry: expected the trigger entry_refuses_update, which keeps it append-only, found none"
    ]


def test_text_that_is_no_longer_utf_8_is_a_problem_and_not_a_crash(books: Ledger, ledger_file: Path) -> None:
    tamper(ledger_file, "UPDATE entry SET source = CAST(x'ff61' AS TEXT) WHERE sequence = 2")
    (found,) = books.verify()
    assert found.startswith("the database can't be read: ")
