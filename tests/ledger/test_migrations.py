from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from ledger.builders import activity, data_use, hold, release
from ledger.subject_builders import one_of_each
from ullage_operator.ledger import Ledger, LedgerTooOld, LedgerUnavailable
from ullage_operator.ledger.migrations import upgrade
from ullage_operator.ledger.migrations.run import latest
from ullage_operator.ledger.tables import SCHEMA_VERSION, append_only, metadata
from ullage_operator.ledger.verify import triggers_at_work
from ullage_trainer.config import Usage


def written(path: Path, version: int) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((Path(__file__).parent / f"version_{version}.sql").read_text(encoding="utf-8"))
    return path


@pytest.fixture
def old_ledger(ledger_file: Path) -> Path:
    """Books that version 1 wrote: a worker's life, a correction, and a hold that is open."""
    return written(ledger_file, 1)


def opened(path: Path, *, read_only: bool = False) -> Ledger:
    return Ledger.open(f"sqlite:///{path}", cluster="local", now_ms=lambda: 200_000, read_only=read_only)


def described(connection: Connection) -> dict[str, Any]:
    """Tell everything about a schema that matters, Alembic's own table left out."""
    found = inspect(connection)
    names = sorted(set(found.get_table_names()) - {"alembic_version"})

    def by_name(rows: list[Any]) -> list[str]:
        return sorted(repr(sorted((key, str(value)) for key, value in row.items())) for row in rows)

    return {
        "triggers": sorted(triggers_at_work(connection)),
        **{
            name: [
                by_name(found.get_columns(name)),
                sorted(found.get_pk_constraint(name)["constrained_columns"]),
                by_name(found.get_foreign_keys(name)),
                by_name(found.get_indexes(name)),
                by_name(found.get_unique_constraints(name)),
                by_name(found.get_check_constraints(name)),
                found.get_table_options(name),
            ]
            for name in names
        },
    }


def test_the_last_revision_makes_the_version_that_the_tables_have() -> None:
    assert latest() == SCHEMA_VERSION


def test_the_migrated_schema_is_what_the_tables_say(ledger_url: str) -> None:
    Ledger.open(ledger_url, cluster="local", now_ms=lambda: 0).close()
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        migrated = described(connection)
        for name in inspect(connection).get_table_names():
            connection.execute(text(f"DROP TABLE {name}{' CASCADE' if engine.name == 'postgresql' else ''}"))
        metadata.create_all(connection)
        for statement in append_only(engine.name, list(metadata.tables)):
            connection.exec_driver_sql(statement)
        assert migrated == described(connection)
    engine.dispose()


def test_books_of_version_1_are_migrated_when_they_are_opened_to_write(old_ledger: Path) -> None:
    with opened(old_ledger) as ledger:
        assert ledger.verify() == []
        assert ledger.open_holds() == [hold("worker-2")]
        assert [ledger.find(entry.id) for entry in (hold(), activity(), data_use(), release())] == [
            hold(),
            activity(),
            data_use(),
            release(),
        ]
        assert ledger.post(one_of_each()) == len(one_of_each()) - 4
        assert ledger.verify() == []
    with closing(sqlite3.connect(old_ledger)) as connection:
        versions = connection.execute("SELECT version, created_at_ms FROM schema_version ORDER BY version").fetchall()
    assert versions == [(1, 100_000), (4, 200_000)]


def test_books_of_version_2_keep_their_hashes_and_take_operations_from_then_on(ledger_file: Path) -> None:
    """Version 2 wrote entries of every type, and a hold that is open."""
    counted = activity(
        "worker-2", usage=Usage(samples=300 * 10**9, flop=314 * 10**21 + 7), parameters=175 * 10**9, ranks=()
    )
    with closing(sqlite3.connect(written(ledger_file, 2))) as connection:
        hashes = connection.execute("SELECT sequence, hash FROM entry ORDER BY sequence").fetchall()
    with opened(ledger_file) as ledger:
        assert ledger.verify() == []
        assert (ledger.post(one_of_each()), ledger.find(activity().id)) == (0, activity())
        assert (ledger.post([counted]), ledger.find(counted.id)) == (1, counted)
        assert ledger.verify() == []
        row = ledger.usage(0, 200_000)[0]
    assert (row.samples, row.samples_counted) == (300 * 10**9 + 4_000, 300 * 10**9)
    assert (row.flop, row.parameters) == (314 * 10**21 + 7, 175 * 10**9)
    with closing(sqlite3.connect(ledger_file)) as connection:
        assert connection.execute("SELECT sequence, hash FROM entry ORDER BY sequence").fetchall()[:-1] == hashes
        versions = connection.execute("SELECT version, created_at_ms FROM schema_version ORDER BY version").fetchall()
    assert versions == [(2, 100_000), (4, 200_000)]


def test_books_of_version_3_keep_their_hashes_and_tell_of_own_machines_from_then_on(ledger_file: Path) -> None:
    """Version 3 wrote entries of every type, and a hold that is open."""
    own = [hold(f"worker-{uid}", own_machines=told) for uid, told in (("3", True), ("4", False), ("5", None))]
    with closing(sqlite3.connect(written(ledger_file, 3))) as connection:
        hashes = connection.execute("SELECT sequence, hash FROM entry ORDER BY sequence").fetchall()
    with opened(ledger_file) as ledger:
        assert ledger.verify() == []
        assert (ledger.post(one_of_each()), ledger.find(hold("worker-2").id)) == (0, hold("worker-2"))
        assert ledger.post(own) == 3
        assert [ledger.find(each.id) for each in own] == own
        assert ledger.verify() == []
    with closing(sqlite3.connect(ledger_file)) as connection:
        assert connection.execute("SELECT sequence, hash FROM entry ORDER BY sequence").fetchall()[:-3] == hashes
        versions = connection.execute("SELECT version, created_at_ms FROM schema_version ORDER BY version").fetchall()
    assert versions == [(3, 100_000), (4, 200_000)]


def test_whose_machines_a_hold_is_on_stands_as_it_was_written_first(ledger_file: Path) -> None:
    with opened(ledger_file) as ledger:
        ledger.post([hold(own_machines=True)])
        assert ledger.post([hold(own_machines=False), hold()]) == 0
        assert ledger.find(hold().id) == hold(own_machines=True)


def test_books_of_version_1_are_not_read_and_not_changed_when_they_are_opened_to_be_read(old_ledger: Path) -> None:
    before = old_ledger.read_bytes()
    with pytest.raises(LedgerTooOld, match=r"expected schema version 4, found 1, .*brings it up to date"):
        opened(old_ledger, read_only=True)
    assert old_ledger.read_bytes() == before


def test_a_migration_that_fails_leaves_the_books_as_they_were(old_ledger: Path) -> None:
    with closing(sqlite3.connect(old_ledger)) as connection:
        connection.execute("CREATE TABLE unreserve (someone_elses TEXT)")
        connection.commit()
        before = list(connection.iterdump())
    with pytest.raises(LedgerUnavailable, match="table unreserve already exists"):
        opened(old_ledger)
    with closing(sqlite3.connect(old_ledger)) as connection:
        assert list(connection.iterdump()) == before


def test_each_revision_follows_on_the_one_before(ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        for version in range(SCHEMA_VERSION):
            upgrade(connection, since=version, to=version + 1)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
