"""The gap that the command tells, against the same stated a second time: from the tables of the books, with pandas."""

from __future__ import annotations

import pytest

from cli.office import FILES, KIND, Office
from gap.vessel import at
from operator_tests import recomputed
from operator_tests.compared import differences, numbers
from operator_tests.recomputed.times import month_of

AFTER_ALL = at("2027-01-03")
"""When all of the example's runs were posted."""


@pytest.mark.parametrize("month", ["2026-10", "2026-11", "2026-12", "2027-02"])
def test_every_number_of_a_month_is_what_the_tables_give(office: Office, month: str) -> None:
    declared = office.ullage("declare", *FILES, "--since", "2026-10-31")
    assert (declared.code, declared.err) == (0, "")
    office.hold_vessel()
    told = office.json("gap", "--period", month, "--trend", *KIND)
    tables = recomputed.read(office.root / ".ullage" / "ledger.sqlite3", AFTER_ALL)
    again = recomputed.document(tables, month_of(f"{month}-01"), {"nvidia.com/gpu": "A100"}, "local")
    assert list(differences(numbers(told), again | {"as_of": told["as_of"]})) == []
