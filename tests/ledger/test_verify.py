from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, IntegrityError

from ledger.builders import activity, data_use, hold, release
from ledger.subject_builders import capacity, one_of_each
from ledger.tampering import connected, rows_of, tamper
from ullage_operator.ledger import Ledger, Reversal
from ullage_operator.ledger.tables import metadata, triggers
from ullage_trainer.config import Usage

TABLES = tuple(table.name for table in metadata.sorted_tables if table.name != "schema_version")


def posted(ledger: Ledger) -> None:
    """Post every type of entry, and a correction."""
    ledger.post([hold(), activity(), data_use(), release()])
    reversal = Reversal.of(release(), reason="clock", author="ana", at_ms=20_000)
    ledger.post([reversal, release(to_ms=10_500, revision=2), hold("worker-2")])
    ledger.post([activity("worker-2", usage=Usage(samples=4_000, flop=314 * 10**21), parameters=175 * 10**9)])
    ledger.post(one_of_each()[4:])
    ledger.post([capacity(name="n2", from_ms=0)])  # late, as second 0 is closed


@pytest.fixture
def books(open_ledger: Callable[..., Ledger]) -> Iterator[Ledger]:
    """Books with every type of entry, and a correction."""
    with open_ledger() as ledger:
        posted(ledger)
        yield ledger


def key_of(table: str) -> list[str]:
    return [column.name for column in metadata.tables[table].primary_key]


def at_key(table: str) -> str:
    """Return the condition that is true of one row."""
    return " AND ".join(f"{name} = :key_{name}" for name in key_of(table))


def values(table: str, column: str) -> st.SearchStrategy[object]:
    """Draw a value that the column may hold."""
    if metadata.tables[table].columns[column].type.python_type is int:
        return st.integers(min_value=0, max_value=2**63 - 1)
    return st.text(max_size=70)


def change(url: str, table: str, row: dict[str, object], column: str, value: object) -> int:
    keys = {f"key_{name}": row[name] for name in key_of(table)}
    statement = f"UPDATE {table} SET {column} = :value WHERE {at_key(table)}"  # noqa: S608  # our own names
    return tamper(url, statement, {"value": value, **keys})


def test_books_that_were_only_posted_to_verify(books: Ledger) -> None:
    assert books.verify() == []


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_value_is_found(books: Ledger, ledger_url: str, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(TABLES))
    row = data.draw(st.sampled_from(rows_of(ledger_url, table)))
    column = data.draw(st.sampled_from(list(row)))
    value = data.draw(values(table, column).filter(lambda other: other != row[column]))
    try:
        assert change(ledger_url, table, row, column, value) == 1
    except (IntegrityError, DataError):
        return  # the schema itself refuses a second row of one key; PostgreSQL, a text with a zero in it
    assert books.verify() != []
    assert change(ledger_url, table, {**row, column: value}, column, row[column]) == 1
    assert books.verify() == []


@pytest.mark.parametrize("table", TABLES)
def test_any_row_that_is_missing_is_found(books: Ledger, ledger_url: str, table: str) -> None:
    for row in rows_of(ledger_url, table):
        keys = {f"key_{name}": row[name] for name in key_of(table)}
        assert tamper(ledger_url, f"DELETE FROM {table} WHERE {at_key(table)}", keys) == 1  # noqa: S608  # our own
        assert books.verify() != []
        marks = ", ".join(f":{name}" for name in row)
        put_back = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608  # our own names
        tamper(ledger_url, put_back, row)
        assert books.verify() == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("INSERT INTO hold_release VALUES (1, 'Lost')", "entry 1: its facts have the hash "),
        ("INSERT INTO activity_rank VALUES (2, 9, 1, 1)", "entry 2: its facts have the hash "),
        ("INSERT INTO data_use VALUES (99, 'a', 'b', 1, 1, 1)", "entry 99: missing, but data_use holds details of it"),
    ],
)
def test_a_row_that_was_slipped_in_is_found(books: Ledger, ledger_url: str, statement: str, problem: str) -> None:
    tamper(ledger_url, statement)
    assert books.verify()[0].startswith(problem)


def test_a_release_that_was_moved_and_hashed_again_breaks_the_chain_after_it(books: Ledger, ledger_url: str) -> None:
    tamper(ledger_url, "UPDATE entry SET hash = :hash WHERE sequence = 4", {"hash": "f" * 64})
    found = books.verify()
    assert [line[:60] for line in found] == [
        "entry 4: its facts have the hash " + str(rows_of(ledger_url, "entry")[4]["previous_hash"])[:27],
        "entry 5: expected the hash of the entry before, " + "f" * 12,
    ]


def test_triggers_that_were_dropped_are_missed(books: Ledger, ledger_url: str) -> None:
    with connected(ledger_url) as connection:
        dialect = connection.dialect.name
        trigger = triggers("entry", dialect)[0]
        of_table = "" if dialect == "sqlite" else " ON entry"
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}{of_table}")
    assert books.verify() == [f"table entry: expected the trigger {trigger}, which keeps it append-only, found none"]


@pytest.mark.parametrize("switched", ["DISABLE", "ENABLE REPLICA"])
def test_triggers_of_postgresql_that_do_not_fire_are_missed(postgres_schema_url: str, switched: str) -> None:
    with Ledger.open(postgres_schema_url, cluster="local", now_ms=lambda: 100_000) as ledger:
        posted(ledger)
        with connected(postgres_schema_url) as connection:
            connection.exec_driver_sql(f"ALTER TABLE award {switched} TRIGGER award_append_only")
        assert ledger.verify() == [
            "table award: expected the trigger award_append_only, which keeps it append-only, found none"
        ]


def test_text_that_is_no_longer_utf_8_is_a_problem_and_not_a_crash(ledger_file: Path) -> None:
    """In SQLite alone: PostgreSQL itself refuses bytes that are no text."""
    with Ledger.open(f"sqlite:///{ledger_file}", cluster="local", now_ms=lambda: 100_000) as ledger:
        posted(ledger)
        tamper(f"sqlite:///{ledger_file}", "UPDATE entry SET source = CAST(x'ff61' AS TEXT) WHERE sequence = 2")
        (found,) = ledger.verify()
    assert found.startswith("the database can't be read: ")
