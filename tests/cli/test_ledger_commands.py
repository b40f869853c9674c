"""``ullage ledger``: the books checked, listed, corrected, closed, filled from elsewhere; usage of any ledger."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.office import KIND, Office
from ullage_operator.cli.app import app

OLD = Path(__file__).parents[1] / "ledger" / "version_1.sql"


def allocated(office: Office, *options: str) -> float:
    lines = office.json("gap", "--period", "2026-11", *KIND, *options)["lines"]
    (line,) = [each for each in lines if (each["institution"], each["thing"]["type"]) == ("north", "A100")]
    return float(line["use"]["allocated"]["value"])


def test_books_that_nobody_touched_are_as_posted(vessel: Office) -> None:
    last = vessel.json("ledger", "entries")["entries"][-1]["sequence"]
    ended = vessel.ullage("ledger", "verify")
    assert (ended.code, ended.out, ended.err) == (0, f"{last} entries are as they were posted, and add up.\n", "")


def test_books_that_somebody_changed_are_told(vessel: Office) -> None:
    with sqlite3.connect(vessel.root / ".ullage" / "ledger.sqlite3") as connection:
        (trigger,) = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'hold' AND sql LIKE '%UPDATE%'"
        ).fetchone()
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.close()
    ended = vessel.ullage("ledger", "verify")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == (
        f"table hold: expected the trigger {trigger}, which keeps it append-only, found none\n"
        "1 problem(s); restore the books from a backup, or keep these to find out what happened\n"
    )


def test_entries_of_a_subject_are_listed_in_order_with_what_they_state(vessel: Office) -> None:
    listed = vessel.json("ledger", "entries", "--subject", "investment/compute-vouchers")["entries"]
    assert [(each["id"], each["from"], each["institution"]) for each in listed] == [
        ("award/compute-vouchers/north-a100", "2026-11-01T00:00:00Z", "north"),
        ("grant/compute-vouchers/north-a100/1793491200000", "2026-11-01T00:00:00Z", "north"),
        ("grant/compute-vouchers/north-a100/1796083200000", "2026-12-01T00:00:00Z", "north"),
        ("award/compute-vouchers/south-a100", "2026-11-01T00:00:00Z", "south"),
        ("grant/compute-vouchers/south-a100/1793491200000", "2026-11-01T00:00:00Z", "south"),
        ("grant/compute-vouchers/south-a100/1796083200000", "2026-12-01T00:00:00Z", "south"),
        ("declaration/Investment/compute-vouchers/1", "2026-10-31T00:00:00Z", None),
    ]
    assert listed[0]["facts"]["amount"] == 1200 * 3_600_000
    rows = csv.DictReader(io.StringIO(vessel.ullage("ledger", "entries", "--type", "hold", "-o", "csv").out))
    assert [row["id"] for row in rows] == ["hold/uid-n1", "hold/uid-n2", "hold/uid-s1"]


def test_entries_of_an_institution_are_its_declarations_too(vessel: Office) -> None:
    (vessel.root / "forge.yaml").write_text((vessel.root / "vessel.yaml").read_text().replace("Forge", "Foundry"))
    assert vessel.ullage("declare", "forge.yaml").code == 0
    listed = vessel.json("ledger", "entries", "--subject", "institution/forge")["entries"]
    found = [each["id"] for each in listed if each["type"] == "declaration"]
    assert found == ["declaration/Institution/forge/1", "declaration/Institution/forge/2"]
    assert {each["type"] for each in listed} == {"declaration", "asset", "transfer"}
    alone = vessel.json("ledger", "entries", "--subject", "institution/forge", "--type", "declaration")["entries"]
    assert [each["id"] for each in alone] == found


def test_a_reversed_entry_no_longer_counts_and_stays_listed(vessel: Office) -> None:
    sequence = vessel.json("ledger", "entries")["entries"][-1]["sequence"]
    found = [each["id"] for each in vessel.json("ledger", "entries", "--subject", "uid-n2")["entries"]]
    early = vessel.ullage("ledger", "reverse", "hold/uid-n2", "--reason", "ran twice")
    assert (early.code, early.err.partition(": ")[2].partition(";")[0]) == (
        2,
        "expected a hold of worker uid-n2, found none that counts",
    )
    for entry in reversed(found):
        assert vessel.ullage("ledger", "reverse", entry, "--reason", "ran twice").err == ""
    assert allocated(vessel) == 400
    entries = vessel.json("ledger", "entries", "--subject", "uid-n2")["entries"]
    (hold,) = [each for each in entries if each["type"] == "hold"]
    assert hold["reversed_by"] == "reversal/hold/uid-n2"
    assert [each["facts"]["reason"] for each in entries if each["sequence"] > sequence] == ["ran twice"] * len(found)
    again = vessel.ullage("ledger", "reverse", "hold/uid-n2", "--reason", "ran twice")
    assert (again.code, again.out) == (0, "hold/uid-n2 was reversed before\n")
    assert vessel.ullage("ledger", "verify").code == 0


def test_an_entry_that_is_not_there_can_not_be_reversed(vessel: Office) -> None:
    ended = vessel.ullage("ledger", "reverse", "hold/uid-n9", "--reason", "x")
    assert (ended.code, ended.err) == (
        2,
        "hold/uid-n9: expected the id of an entry in these books, found none; `ullage ledger entries` lists them\n",
    )


def test_a_period_is_closed_once_and_only_after_its_end(vessel: Office) -> None:
    ended = vessel.ullage("ledger", "close", "--period", "2020-10")
    assert ended.out == "2020-10 is closed: what is posted for it from now on counts later\n"
    again = vessel.ullage("ledger", "close", "--period", "2020-10")
    assert again.out == "2020-10 was closed before: what is posted for it from now on counts later\n"
    (closed,) = vessel.json("ledger", "closes")["closes"]
    assert (closed["from"], closed["to"]) == ("2020-10-01T00:00:00Z", "2020-11-01T00:00:00Z")
    early = vessel.ullage("ledger", "close", "--period", "9000-01")
    assert (early.code, early.err) == (
        2,
        "--period: expected one that has ended, found 9000-01, which ends on 9000-02-01T00:00:00Z\n",
    )
    over = vessel.ullage("ledger", "close", "--period", "2020")
    assert (over.code, over.out) == (2, "")


def test_books_of_an_earlier_ullage_are_brought_up_to_date(office: Office) -> None:
    (office.root / ".ullage").mkdir()
    with sqlite3.connect(office.root / ".ullage" / "ledger.sqlite3") as connection:
        connection.executescript(OLD.read_text())
    connection.close()
    assert office.ullage("ledger", "verify").code == 4
    assert office.ullage("ledger", "migrate").out == "The books are brought to schema version 5.\n"
    again = office.ullage("ledger", "migrate")
    assert again.out == "The books have schema version 5, which is this Ullage's.\n"
    assert office.ullage("ledger", "verify").code == 0


def test_usage_from_elsewhere_goes_in_once_and_what_is_wrong_is_told(vessel: Office) -> None:
    rows = [
        "external_id,account,accelerators,accelerator_type,from,to,active_seconds",
        "7,phys,2,A100,2026-11-03T00:00:00Z,2026-11-03T05:00:00Z,18000",
        "8,math,1,A100,2026-11-03T00:00:00Z,2026-11-03T05:00:00Z,",
    ]
    (vessel.root / "center.csv").write_text("\n".join(rows))
    command = ("ledger", "import", "center.csv", "--from", "csv", "--accounts", "phys=north")
    ended = vessel.ullage(*command)
    assert (ended.code, ended.out) == (3, "center.csv: 1 new, 0 held already, 1 left out\n")
    assert ended.err == "center.csv:3: expected an account that an institution is given for (phys), found math\n"
    assert vessel.ullage(*command).out == "center.csv: 0 new, 1 held already, 1 left out\n"
    assert allocated(vessel) == 510


def test_a_file_of_usage_under_another_name_counts_once(vessel: Office) -> None:
    head = "external_id,account,accelerators,accelerator_type,from,to,active_seconds"
    row = "7,phys,2,A100,2026-11-03T00:00:00Z,2026-11-03T05:00:00Z,18000"

    def imported(name: str) -> str:
        (vessel.root / name).write_text(f"{head}\n{row}\n")
        return vessel.ullage("ledger", "import", name, "--from", "csv", "--accounts", "phys=north").out

    assert imported("november.csv") == "november.csv: 1 new, 0 held already, 0 left out\n"
    assert imported("november (1).csv") == "november (1).csv: 0 new, 1 held already, 0 left out\n"
    assert allocated(vessel) == 510


@pytest.mark.parametrize(
    ("tres", "kinds"),
    [
        ("gres/gpu:a100=2,gres/gpu=2", ()),
        ("gres/gpu:gpu80=2,gres/gpu=2", ("--kind", "gres/gpu:gpu80=A100")),
        ("gres/gpu:GPU80=2,gres/gpu=2", ("--kind", "gpu80=A100")),
        ("gres/gpu=2", ("--kind", "gres/gpu=A100")),
    ],
)
def test_the_accelerator_of_an_import_is_that_of_the_declarations_in_any_case_or_as_kind_says(
    vessel: Office, tres: str, kinds: tuple[str, ...]
) -> None:
    row = f"7|phys|{tres}|2026-11-03T00:00:00|2026-11-03T05:00:00|05:00:00"
    (vessel.root / "slurm.txt").write_text(f"JobID|Account|AllocTRES|Start|End|Elapsed\n{row}\n")
    ended = vessel.ullage("ledger", "import", "slurm.txt", "--from", "sacct", "--accounts", "phys=north")
    assert (ended.code, ended.out) == (0, "slurm.txt: 1 new, 0 held already, 0 left out\n")
    assert allocated(vessel, *kinds) == 510
    lines = vessel.json("gap", "--period", "2026-11", *KIND, *kinds)["lines"]
    types = {each["thing"]["type"] for each in lines if each["thing"]["unit"] == "acceleratorHours"}
    assert types == {"A100"}


def test_usage_that_was_taken_back_is_imported_for_another_institution_and_one_that_there_is_not_is_refused(
    vessel: Office,
) -> None:
    row = "7,phys,2,A100,2026-11-03T00:00:00Z,2026-11-03T05:00:00Z,18000"
    (vessel.root / "center.csv").write_text(
        f"external_id,account,accelerators,accelerator_type,from,to,active_seconds\n{row}\n"
    )

    def imported(institution: str) -> tuple[int, str, str]:
        ended = vessel.ullage("ledger", "import", "center.csv", "--from", "csv", "--accounts", f"phys={institution}")
        return ended.code, ended.out, ended.err

    assert imported("nort") == (
        2,
        "",
        "expected the id of an Institution in these books, found 'nort'; did you mean 'north'?\n",
    )
    assert imported("south") == (0, "center.csv: 1 new, 0 held already, 0 left out\n", "")
    (entry,) = vessel.json("ledger", "entries", "--type", "import")["entries"]
    vessel.ullage("ledger", "reverse", entry["id"], "--reason", "wrong institution")
    assert allocated(vessel) == 500
    assert imported("north") == (0, "center.csv: 1 new, 0 held already, 0 left out\n", "")
    assert allocated(vessel) == 510


def test_every_command_that_reads_the_books_prints_a_table_unless_told_otherwise(vessel: Office) -> None:
    month = ("--period", "2026-11")
    plan = ("plan", *month, "--budget", "26000", "--currency", "CNY")
    for command in (
        ("usage", "--until", "2027-01-01"),
        ("gap", *month),
        ("compare", "n1"),
        plan,
        ("ledger", "entries"),
    ):
        plain, table = vessel.ullage(*command), vessel.ullage(*command, "-o", "table")
        assert (plain.code, table.code, table.err) == (0, 0, "")
        assert table.out == plain.out
    assert vessel.ullage("usage", "-o", "text").code == 2


def test_usage_is_written_as_csv_with_its_scope(vessel: Office) -> None:
    ended = vessel.ullage("usage", "--by", "institution", "--until", "2027-01-01", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert [(row["institution"], row["accelerator_held_seconds"], row["cluster"]) for row in rows] == [
        ("north", "1800000.0", "local"),
        ("south", "864000.0", "local"),
    ]
    assert vessel.ullage("usage", "--as-of", "1990-01-01").out == "The books hold nothing for this period.\n"
    other = vessel.ullage("usage", "--ledger", f"sqlite:///{vessel.root}/none.sqlite3")
    assert (other.code, other.out) == (4, "")


@pytest.mark.usefixtures("vessel")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("ullage gap --institution so", ["south"]),
        ("ullage compare gpt", ["gpt-3"]),
        ("ullage plan --method pro", ["proportional"]),
    ],
)
def test_a_shell_completes_names_of_the_books_and_of_the_catalogue(typed: str, completed: list[str]) -> None:
    environment = {"_ULLAGE_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    done = CliRunner().invoke(app, [], env=environment, prog_name="ullage")
    assert done.stdout.split() == completed
