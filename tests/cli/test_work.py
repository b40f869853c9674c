"""What jobs declare that people work for them, as the commands tell it."""

from __future__ import annotations

from cli.office import FILES, KIND, Office
from gap.vessel import at
from operator_tests import recomputed
from operator_tests.compared import differences, numbers
from operator_tests.recomputed.times import month_of
from ullage_operator.ledger import Transfer

DAY_MS = 24 * 3_600_000
WORK = Transfer(
    subject="job/job-1",
    institution="north",
    operation="work",
    reference="job-1/engineer",
    from_account="institution:north",
    from_role="engineer",
    to_account="work",
    to_role="engineer",
    seconds=12 * 3_600,
    job_uid="job-1",
    from_ms=at("2026-12-01") - DAY_MS,
    to_ms=at("2026-12-01") + 2 * DAY_MS,
)


def test_work_is_told_by_usage_and_as_a_of_talent_by_the_gap_as_the_tables_of_the_books_have_it(office: Office) -> None:
    declared = office.ullage("declare", *FILES, "--since", "2026-10-31")
    assert (declared.code, declared.err) == (0, "")
    office.hold_vessel()
    before = office.json("gap", "--period", "2026-11", *KIND)
    with office.ledger() as ledger:
        ledger.post([WORK])
    november = ("--since", "2026-11-01", "--until", "2026-12-01")
    assert office.json("usage", *november)["work"] == [
        {"institution": "north", "role": "engineer", "declared_hours": 4.0}
    ]
    text = office.ullage("usage", *november).out
    assert "Work of people that jobs declared: north, engineer: 4 h." in text.splitlines()
    told = office.json("gap", "--period", "2026-11", "--trend", *KIND)
    rows = [[line for line in gap["lines"] if line["thing"]["type"] == "engineer"] for gap in (before, told)]
    assert {line["institution"]: line["use"]["allocated"] for line in rows[0]}["north"] is None
    of_north = next(line for line in rows[1] if line["institution"] == "north")
    assert of_north["use"]["allocated"] == {
        "value": 4.0,
        "unit": "hours",
        "provenance": "declared",
        "low": None,
        "high": None,
        "scope": {"basis": "books", "books": ["local"], "detail": ""},
    }
    assert [line["supply"] for line in rows[1]] == [line["supply"] for line in rows[0]]
    tables = recomputed.read(office.root / ".ullage" / "ledger.sqlite3", at("2027-01-03"))
    again = recomputed.document(tables, month_of("2026-11-01"), {"nvidia.com/gpu": "A100"}, "local")
    assert list(differences(numbers(told), again | {"as_of": told["as_of"]})) == []
