from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from ledger.builders import activity, data_use, hold, release
from ledger.subject_builders import RATE, award, one_of_each, reserve
from ledger.tampering import connected
from ledger.versions import reflected, written
from ullage_operator.ledger import Ledger, LedgerTooOld, LedgerUnavailable
from ullage_operator.ledger.migrations import upgrade
from ullage_operator.ledger.migrations.run import latest
from ullage_operator.ledger.tables import SCHEMA_VERSION, append_only, metadata
from ullage_operator.ledger.verify import triggers_at_work
from ullage_trainer.config import Usage

VERSIONS = "SELECT version, created_at_ms FROM schema_version ORDER BY version"
HASHES = "SELECT sequence, hash FROM entry ORDER BY sequence"


@pytest.fixture
def old_ledger(ledger_url: str) -> str:
    """Books that version 1 wrote: a worker's life, a correction, and a hold that is open."""
    return written(ledger_url, 1)


def opened(url: str, *, read_only: bool = False) -> Ledger:
    return Ledger.open(url, cluster="local", now_ms=lambda: 200_000, read_only=read_only)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def contents(url: str) -> tuple[dict[str, Any], dict[str, list[tuple[Any, ...]]]]:
    """Return the schema, and all rows."""
    with connected(url) as connection:
        tables = reflected(connection).sorted_tables
        held = {table.name: sorted(map(tuple, connection.execute(table.select())), key=repr) for table in tables}
        return described(connection), held


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


def test_books_of_version_1_are_migrated_when_they_are_opened_to_write(old_ledger: str) -> None:
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
    assert rows(old_ledger, VERSIONS) == [(1, 100_000), (5, 200_000)]


def test_books_of_version_2_keep_their_hashes_and_take_operations_from_then_on(ledger_url: str) -> None:
    """Version 2 wrote entries of every type, and a hold that is open."""
    counted = activity(
        "worker-2", usage=Usage(samples=300 * 10**9, flop=314 * 10**21 + 7), parameters=175 * 10**9, ranks=()
    )
    hashes = rows(written(ledger_url, 2), HASHES)
    with opened(ledger_url) as ledger:
        assert ledger.verify() == []
        assert (ledger.post(one_of_each()), ledger.find(activity().id)) == (0, activity())
        assert (ledger.post([counted]), ledger.find(counted.id)) == (1, counted)
        assert ledger.verify() == []
        row = ledger.usage(0, 200_000)[0]
    assert (row.samples, row.samples_counted) == (300 * 10**9 + 4_000, 300 * 10**9)
    assert (row.flop, row.parameters) == (314 * 10**21 + 7, 175 * 10**9)
    assert rows(ledger_url, HASHES)[:-1] == hashes
    assert rows(ledger_url, VERSIONS) == [(2, 100_000), (5, 200_000)]


def test_books_of_version_3_keep_their_hashes_and_tell_of_own_machines_from_then_on(ledger_url: str) -> None:
    """Version 3 wrote entries of every type, and a hold that is open."""
    own = [hold(f"worker-{uid}", own_machines=told) for uid, told in (("3", True), ("4", False), ("5", None))]
    written(ledger_url, 3)
    hashes = rows(ledger_url, HASHES)
    with opened(ledger_url) as ledger:
        assert ledger.verify() == []
        assert (ledger.post(one_of_each()), ledger.find(hold("worker-2").id)) == (0, hold("worker-2"))
        assert ledger.post(own) == 3
        assert [ledger.find(each.id) for each in own] == own
        assert ledger.verify() == []
    assert rows(ledger_url, HASHES)[:-3] == hashes
    assert rows(ledger_url, VERSIONS) == [(3, 100_000), (5, 200_000)]


def test_books_of_version_4_keep_their_hashes_and_take_rates_of_reservations_from_then_on(ledger_url: str) -> None:
    """Version 4 wrote entries of every type, and a hold that is open."""
    money = {"line": "exascale/fund", "unit": "micros", "currency": "CNY"}
    awarded = award(**money, channel="money", resource=None, resource_type=None)
    rated = reserve(**money, rate=RATE)
    written(ledger_url, 4)
    hashes = rows(ledger_url, HASHES)
    with opened(ledger_url) as ledger:
        assert ledger.verify() == []
        assert (ledger.post(one_of_each()), ledger.find(reserve().id)) == (0, reserve())
        assert (ledger.post([awarded, rated]), ledger.find(rated.id)) == (2, rated)
        assert ledger.verify() == []
    assert rows(ledger_url, HASHES)[:-2] == hashes
    assert rows(ledger_url, VERSIONS) == [(4, 100_000), (5, 200_000)]


def test_whose_machines_a_hold_is_on_stands_as_it_was_written_first(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.post([hold(own_machines=True)])
        assert ledger.post([hold(own_machines=False), hold()]) == 0
        assert ledger.find(hold().id) == hold(own_machines=True)


def test_books_of_version_1_are_not_read_and_not_changed_when_they_are_opened_to_be_read(old_ledger: str) -> None:
    before = contents(old_ledger)
    with pytest.raises(LedgerTooOld, match=r"expected schema version 5, found 1, .*brings it up to date"):
        opened(old_ledger, read_only=True)
    assert contents(old_ledger) == before


def test_a_file_of_version_1_has_the_same_bytes_when_it_was_opened_to_be_read(ledger_file: Path) -> None:
    written(f"sqlite:///{ledger_file}", 1)
    before = ledger_file.read_bytes()
    with pytest.raises(LedgerTooOld):
        opened(f"sqlite:///{ledger_file}", read_only=True)
    assert ledger_file.read_bytes() == before


def test_a_migration_that_fails_leaves_the_books_as_they_were(old_ledger: str) -> None:
    with connected(old_ledger) as connection:
        connection.exec_driver_sql("CREATE TABLE unreserve (someone_elses TEXT)")
    before = contents(old_ledger)
    with pytest.raises(LedgerUnavailable, match=r'(table unreserve|relation "unreserve") already exists'):
        opened(old_ledger)
    assert contents(old_ledger) == before


def test_each_revision_follows_on_the_one_before(ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        for version in range(SCHEMA_VERSION):
            upgrade(connection, since=version, to=version + 1)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
