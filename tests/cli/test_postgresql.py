"""The command on books in a real PostgreSQL, which the environment names."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import make_url

from cli.office import KIND, Office
from ledger.tampering import connected, tamper
from ledger.versions import written

POSTED = re.compile(
    r'(?<="posted_at": )"[^"]+"|(?<="at_ms": )\d+'
    r'|(?<="type": "reversal",\n   "cluster": "local",\n   "from": )"[^"]+"'
)
"""When something was posted, reversed or closed."""
NOVEMBER = ("--period", "2026-11", *KIND)
QUESTIONS = (
    ("usage", "--by", "institution", "--until", "2027-01-01", "-o", "csv"),
    ("usage", "--by", "job", "--until", "2027-01-01", "-o", "json"),
    ("gap", *NOVEMBER, "-o", "json"),
    ("plan", *NOVEMBER, "--budget", "26000", "--currency", "CNY", "--resource", "compute/A100", "-o", "json"),
    ("ledger", "entries", "-o", "json"),
    ("ledger", "closes", "-o", "json"),
    ("ledger", "verify"),
)


def with_password(url: str) -> str:
    """Return an address with a password, which this server does not ask for."""
    return make_url(url).set(password="secret").render_as_string(hide_password=False)  # noqa: S106  # no secret


@pytest.fixture
def elsewhere(office: Office, postgres_schema_url: str, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A folder whose commands are about books in PostgreSQL, of which there are none yet."""
    url = with_password(postgres_schema_url)
    monkeypatch.setenv("ULLAGE_LEDGER_URL", url)
    return Office(office.root, url)


def answers(office: Office) -> list[tuple[int, str, str]]:
    """Post the worked example, take a run back, close a month; return what commands then say, whenever that was."""
    office.declare_vessel()
    office.hold_vessel()
    for entry in reversed(office.json("ledger", "entries", "--subject", "uid-n2")["entries"]):
        assert office.ullage("ledger", "reverse", entry["id"], "--reason", "ran twice").err == ""
    assert office.ullage("ledger", "close", "--period", "2020-10").err == ""
    said = [office.ullage(*question) for question in QUESTIONS]
    return [(each.code, POSTED.sub("<now>", each.out), each.err) for each in said]


def test_every_answer_is_that_of_the_same_books_in_sqlite(
    office: Office, postgres_books_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_sqlite = answers(office)
    assert [code for code, _, _ in in_sqlite] == [0] * len(QUESTIONS)
    url = with_password(postgres_books_url)
    monkeypatch.setenv("ULLAGE_LEDGER_URL", url)
    assert answers(Office(office.root, url)) == in_sqlite


def test_books_that_are_not_there_are_made_by_the_first_that_writes(elsewhere: Office) -> None:
    ended = elsewhere.ullage("usage")
    assert (ended.code, ended.out) == (4, "")
    assert "expected a ledger, found an empty database" in ended.err
    elsewhere.declare_vessel()
    assert elsewhere.ullage("ledger", "verify").code == 0
    assert not (elsewhere.root / ".ullage").exists()


def test_books_of_an_earlier_ullage_are_brought_up_to_date(elsewhere: Office, postgres_schema_url: str) -> None:
    written(postgres_schema_url, 1)
    assert elsewhere.ullage("ledger", "verify").code == 4
    assert elsewhere.ullage("ledger", "migrate").out == "The books are brought to schema version 5.\n"
    again = elsewhere.ullage("ledger", "migrate")
    assert again.out == "The books have schema version 5, which is this Ullage's.\n"
    assert elsewhere.ullage("ledger", "verify").code == 0


@pytest.mark.parametrize("command", [("usage",), ("gap",), ("ledger", "verify"), ("ledger", "migrate")])
def test_books_of_a_later_ullage_are_refused_with_advice_and_without_the_password(
    elsewhere: Office, postgres_schema_url: str, command: tuple[str, ...]
) -> None:
    elsewhere.ledger().close()
    with connected(postgres_schema_url) as connection:
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (6, 0)")
    where = make_url(with_password(postgres_schema_url)).render_as_string(hide_password=True)
    ended = elsewhere.ullage(*command)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == (
        f"{where}: expected schema version 5, found 6, which a later Ullage wrote; upgrade Ullage to read it. "
        "Nothing was changed\n"
    )


def test_declarations_that_this_version_does_not_read_are_told_without_the_password(
    elsewhere: Office, postgres_schema_url: str
) -> None:
    elsewhere.declare_vessel()
    tamper(postgres_schema_url, "UPDATE declaration SET spec = '{}' WHERE object_id = 'north'")
    where = make_url(with_password(postgres_schema_url)).render_as_string(hide_password=True)
    ended = elsewhere.ullage("gap", *NOVEMBER)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith(f"{where}: expected declarations that this version of Ullage reads, found others\n")
