"""The database under a ledger: how it is opened, recognised and created."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import DatabaseError as SqlDatabaseError

from . import tables
from .errors import LedgerError, LedgerMissing, LedgerTooNew, LedgerTooOld, LedgerUnavailable, NotALedger

BUSY_TIMEOUT_MS: Final = 30_000
"""How long a writer waits for another one."""

_DAMAGE: Final = ("file is not a database", "malformed", "disk image", "Could not decode")


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn the database's errors into the ledger's, which say what to do."""
    try:
        yield
    except DBAPIError as error:
        where, found = url.render_as_string(hide_password=True), str(error.orig)
        if isinstance(error, SqlDatabaseError) and any(sign in found for sign in _DAMAGE):
            raise NotALedger(
                f"{where}: expected a ledger, found a file that can't be read as one ({found}); "
                "restore it from a backup, or move it away to start new books"
            ) from error
        raise LedgerUnavailable(
            f"{where}: the ledger can't be used now ({found}); check that {_to_check(url)}. Nothing was written"
        ) from error


def _to_check(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return "its folder exists and is writable, that the disk has room, and that no other program keeps it locked"
    return (
        "the server runs, that this machine reaches it, that it lets this user into this database, and that its disk "
        "has room"
    )


def sqlite_url(path: Path) -> str:
    """Return the address of a ledger in a file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def shown(url: str) -> str:
    """Return an address as people may see it: without its password."""
    return parsed(url).render_as_string(hide_password=True)


def parsed(url: str) -> URL:
    """Return the address, checked.

    Raises
    ------
    LedgerError
        It is not the address of a database.
    """
    try:
        return make_url(url)
    except ArgumentError as error:
        raise LedgerError(
            f"ledger address: expected sqlite:///folder/ledger.db or postgresql+psycopg://…, found {url!r}"
        ) from error


def connect(url: URL, *, read_only: bool) -> Engine:
    """Return an engine; SQLite is set up for crash safety: WAL, and each commit synced to the disk.

    Raises
    ------
    LedgerMissing
        To be read only, and there is no file.
    LedgerError
        The driver of that database is not installed.
    """
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url)
        except (ImportError, NoSuchModuleError) as error:
            raise LedgerError(f"ledger address: no driver for {url.drivername} is installed ({error})") from error
    if url.database and url.database != ":memory:":
        path = Path(url.database).absolute()
        if read_only and not path.is_file():
            raise LedgerMissing(f"{path}: expected a ledger, found no file; a first `ullage run` creates it")
        if read_only:
            url = url.set(database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(url)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that no other writer's is beside; it commits at the end of the block."""
    with engine.connect().execution_options(ullage_begin="BEGIN IMMEDIATE") as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('ullage.ledger.' || current_schema()))"))
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees the books at one moment."""
    reader = engine.execution_options(isolation_level="REPEATABLE READ") if engine.name == "postgresql" else engine
    with reader.begin() as connection:
        yield connection


def recognise(engine: Engine, *, now_ms: int, read_only: bool) -> None:
    """Check that the database is a ledger; to be written, bring it to this version, from nothing or an earlier one.

    Raises
    ------
    NotALedger
        It holds something else, or is empty and to be read only.
    LedgerTooNew
        A later version of Ullage wrote it.
    LedgerTooOld
        An earlier version of Ullage wrote it, and it is to be read only.
    """
    with reading(engine) as connection:
        found = _version(connection)
    if read_only and found == 0:
        raise NotALedger(f"{_where(engine)}: expected a ledger, found an empty database; `ullage run` writes one")
    if read_only and found < tables.SCHEMA_VERSION:
        raise LedgerTooOld(
            f"{_where(engine)}: expected schema version {tables.SCHEMA_VERSION}, found {found}, which an earlier "
            "Ullage wrote; whatever opens it to write, such as `ullage run`, brings it up to date. Nothing was changed"
        )
    if not read_only and engine.name == "sqlite":
        with engine.connect() as connection:
            _outside_transaction(connection, "PRAGMA journal_mode = WAL")
    if found < tables.SCHEMA_VERSION:
        with writing(engine) as connection:
            _migrate(connection, now_ms)


def _migrate(connection: Connection, now_ms: int) -> None:
    """Bring the schema to this version, within the transaction; another process may have done so meanwhile."""
    from .migrations import upgrade  # noqa: PLC0415  # Alembic takes its time to import, and is seldom needed

    found = _version(connection)
    if found < tables.SCHEMA_VERSION:
        upgrade(connection, since=found)
        arrived = {"version": tables.SCHEMA_VERSION, "created_at_ms": now_ms}
        connection.execute(tables.schema_version.insert(), [arrived])


def _version(connection: Connection) -> int:
    """Return the version of a ledger's schema, 0 for a new database, and refuse anything else."""
    found = set(inspect(connection).get_table_names())
    if not found:
        return 0
    where = _where(connection.engine)
    if tables.schema_version.name in found:
        version = connection.execute(select(func.max(tables.schema_version.c.version))).scalar_one()
        if version is None or version < 1:
            raise NotALedger(f"{where}: expected a schema version from 1, found {version}")
        if version > tables.SCHEMA_VERSION:
            raise LedgerTooNew(
                f"{where}: expected schema version {tables.SCHEMA_VERSION}, found {version}, which a later Ullage "
                "wrote; upgrade Ullage to read it. Nothing was changed"
            )
        if version < tables.SCHEMA_VERSION and tables.entry.name in found:
            return int(version)
    if missing := set(tables.metadata.tables) - found:
        raise NotALedger(
            f"{where}: expected a ledger or an empty database, found tables {', '.join(sorted(found)[:5])} and not "
            f"{', '.join(sorted(missing))}; give the ledger a file, or on PostgreSQL a schema, of its own"
        )
    return tables.SCHEMA_VERSION


def _where(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _set_up_sqlite(connection: SqliteConnection, _record: object) -> None:
    # pysqlite's own transactions start too late for a consistent read; BEGIN is sent by _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "foreign_keys = ON",
        "synchronous = FULL",
        # Without it INSERT OR REPLACE deletes a row and no trigger sees it.
        "recursive_triggers = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("ullage_begin", "BEGIN"))


def _outside_transaction(connection: Connection, statement: str) -> None:
    """Execute what SQLite refuses within a transaction."""
    pooled = connection.connection.cursor()
    try:
        pooled.execute(statement)
    finally:
        pooled.close()
