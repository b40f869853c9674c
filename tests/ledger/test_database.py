from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import DatabaseError

from ledger.builders import hold, release
from ledger.subject_builders import capacity, one_of_each
from ledger.tampering import connected, rows_of
from ullage_operator.ledger import (
    Ledger,
    LedgerError,
    LedgerMissing,
    LedgerTooNew,
    LedgerUnavailable,
    NotALedger,
    sqlite_url,
)
from ullage_operator.ledger.database import writing
from ullage_operator.ledger.tables import REFUSAL, append_only, metadata


def opened(path: Path, *, read_only: bool = False) -> Ledger:
    return Ledger.open(f"sqlite:///{path}", cluster="local", now_ms=lambda: 100_000, read_only=read_only)


def raw(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_ledger_keeps_its_books_between_openings(open_ledger: Callable[..., Ledger]) -> None:
    with open_ledger() as first:
        first.post([hold()])
    with open_ledger() as second:
        assert second.open_holds() == [hold()]
        assert second.post([hold(), release()]) == 1
    with open_ledger(read_only=True) as third:
        assert third.verify() == []


def test_sqlite_syncs_each_commit_and_keeps_a_write_ahead_log(ledger_file: Path) -> None:
    with opened(ledger_file) as ledger, ledger._engine.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas}
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
        "recursive_triggers": 1,
    }


@pytest.mark.parametrize("table", [table.name for table in metadata.sorted_tables])
def test_the_database_itself_refuses_to_change_or_delete_a_row(ledger_file: Path, table: str) -> None:
    with opened(ledger_file) as ledger:
        ledger.post(one_of_each())
        ledger.post([capacity(subject="node/n2", name="n2", from_ms=0)])  # late, as second 0 is closed
    key = metadata.tables[table].primary_key.columns[0].name
    for statement in (f"UPDATE {table} SET {key} = {key} + 1", f"DELETE FROM {table}"):  # noqa: S608  # our own names
        with pytest.raises(sqlite3.IntegrityError, match=REFUSAL):
            raw(ledger_file, statement)


def test_a_real_postgresql_refuses_to_change_delete_or_truncate(postgres_schema_url: str) -> None:
    with Ledger.open(postgres_schema_url, cluster="local", now_ms=lambda: 100_000) as ledger:
        ledger.post(one_of_each())
        for table in [table.name for table in metadata.sorted_tables]:
            key = metadata.tables[table].primary_key.columns[0].name
            change = f"UPDATE {table} SET {key} = {key} + 1"  # noqa: S608  # our own names
            for statement in (change, f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608  # our own
                with pytest.raises(DatabaseError, match=REFUSAL), ledger._engine.begin() as connection:
                    connection.exec_driver_sql(statement)
        assert ledger.verify() == []


def test_reading_creates_nothing(ledger_file: Path) -> None:
    with pytest.raises(LedgerMissing, match="expected a ledger, found no file; a first `ullage run` creates it"):
        opened(ledger_file, read_only=True)
    assert not ledger_file.exists()
    ledger_file.touch()
    with pytest.raises(NotALedger, match="expected a ledger, found an empty database"):
        opened(ledger_file, read_only=True)
    assert ledger_file.read_bytes() == b""


def test_reading_an_empty_schema_creates_nothing(postgres_schema_url: str) -> None:
    with pytest.raises(NotALedger, match="expected a ledger, found an empty database"):
        Ledger.open(postgres_schema_url, cluster="local", now_ms=lambda: 100_000, read_only=True)
    with connected(postgres_schema_url) as connection:
        assert inspect(connection).get_table_names() == []


def test_a_reader_sees_the_books_while_a_writer_is_at_work(open_ledger: Callable[..., Ledger]) -> None:
    with open_ledger() as ledger:
        ledger.post([hold()])
        with writing(ledger._engine), open_ledger(read_only=True) as reader:
            assert reader.open_holds() == [hold()]


def test_an_empty_file_that_a_killed_process_left_becomes_a_ledger(ledger_file: Path) -> None:
    ledger_file.touch()
    with opened(ledger_file) as ledger:
        assert ledger.post([hold()]) == 1


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_something_else_is_refused_and_left_as_it_was(ledger_file: Path, *, read_only: bool) -> None:
    ledger_file.write_text("institution,hours\n" * 1_000)
    before = ledger_file.read_bytes()
    with pytest.raises(NotALedger, match=r"found a file that can't be read as one .*restore it from a backup"):
        opened(ledger_file, read_only=read_only)
    assert ledger_file.read_bytes() == before


@pytest.mark.parametrize("read_only", [False, True])
def test_another_programs_database_is_refused_and_left_as_it_was(
    ledger_url: str, open_ledger: Callable[..., Ledger], *, read_only: bool
) -> None:
    with connected(ledger_url) as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id INTEGER)")
    with pytest.raises(NotALedger, match=r"found tables orders and not activity, .*of its own"):
        open_ledger(read_only=read_only)
    with connected(ledger_url) as connection:
        assert inspect(connection).get_table_names() == ["orders"]


def test_a_ledger_cut_short_is_refused(ledger_file: Path) -> None:
    with opened(ledger_file) as ledger:
        ledger.post([hold()])
    ledger_file.write_bytes(ledger_file.read_bytes()[:5_000])
    with pytest.raises(NotALedger, match="restore it from a backup"):
        opened(ledger_file)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_of_a_later_version_is_refused_with_advice_and_left_as_it_was(
    ledger_url: str, open_ledger: Callable[..., Ledger], *, read_only: bool
) -> None:
    with open_ledger() as ledger:
        ledger.post([hold()])
    with connected(ledger_url) as connection:
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (6, 0)")
        connection.exec_driver_sql("CREATE TABLE of_version_6 (sequence BIGINT)")
    before = [rows_of(ledger_url, table) for table in metadata.tables]
    with pytest.raises(LedgerTooNew, match=r"expected schema version 5, found 6, .*upgrade Ullage"):
        open_ledger(read_only=read_only)
    assert [rows_of(ledger_url, table) for table in metadata.tables] == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=r"absent/ledger\.db.*check that its folder exists and is writable"):
        opened(tmp_path / "absent" / "ledger.db")


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://office:secret@/books?host={quote(str(tmp_path))}"
    with pytest.raises(LedgerUnavailable) as caught:
        Ledger.open(url, cluster="local", now_ms=lambda: 0)
    told = str(caught.value)
    assert told.startswith(f"postgresql+psycopg://office:***@/books?host={quote(str(tmp_path), safe='')}: ")
    assert told.endswith(
        "; check that the server runs, that this machine reaches it, that it lets this user into this database, and "
        "that its disk has room. Nothing was written"
    )
    assert "secret" not in told


@pytest.mark.parametrize("url", ["ledger.db", "", "mailto:ledger"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(LedgerError, match=r"expected sqlite:///folder/ledger\.db or postgresql"):
        Ledger.open(url, cluster="local", now_ms=lambda: 0)


def test_a_file_name_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "bücher 100%20?#&.db"
    with Ledger.open(sqlite_url(path), cluster="local", now_ms=lambda: 0) as ledger:
        ledger.post([hold()])
    assert path.is_file()
    with Ledger.open(sqlite_url(path), cluster="local", now_ms=lambda: 0, read_only=True) as ledger:
        assert ledger.open_holds() == [hold()]


def test_on_postgresql_every_number_has_64_bits_and_every_table_refuses_changes() -> None:
    dialect = make_url("postgresql://").get_dialect()()
    kinds = {column.type.compile(dialect) for table in metadata.sorted_tables for column in table.columns}
    assert kinds == {"BIGINT", "TEXT"}
    assert append_only("postgresql", [table.name for table in metadata.sorted_tables])[1:] == [
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ullage_append_only()"
        for table in metadata.sorted_tables
    ]
