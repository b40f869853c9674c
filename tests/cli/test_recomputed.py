"""The gap that the command tells, against the same stated a second time: from the tables of the books, with pandas."""

from __future__ import annotations

from typing import Any

import pytest

from cli.office import FILES, KIND, Office
from cli.unknowns import RIDGE, hold_unknowns
from gap.vessel import at
from operator_tests import recomputed
from operator_tests.compared import differences, numbers
from operator_tests.recomputed.times import month_of

AFTER_ALL = at("2027-01-03")
"""When all of the example's runs were posted."""


def differing(office: Office, told: dict[str, Any], month: str) -> list[str]:
    tables = recomputed.read(office.root / ".ullage" / "ledger.sqlite3", AFTER_ALL)
    again = recomputed.document(tables, month_of(f"{month}-01"), {"nvidia.com/gpu": "A100"}, "local")
    return list(differences(numbers(told), again | {"as_of": told["as_of"]}))


@pytest.mark.parametrize("month", ["2026-10", "2026-11", "2026-12", "2027-02"])
def test_every_number_of_a_month_is_what_the_tables_give(office: Office, month: str) -> None:
    declared = office.ullage("declare", *FILES, "--since", "2026-10-31")
    assert (declared.code, declared.err) == (0, "")
    office.hold_vessel()
    told = office.json("gap", "--period", month, "--trend", *KIND)
    assert differing(office, told, month) == []


@pytest.mark.parametrize(
    ("month", "ghosts", "lacks", "ended", "own"),
    [
        (
            "2026-11",
            ["A100", "cpu", "rows", "engineer"],
            {"H300": {"what": "peak", "name": "H300"}, "H200": {"what": "operations", "name": "a-model-of-nobody"}},
            {"text": "2026-11-16T00:00:00.000Z"},
            ("estimated", 144.0, 144.0, 144.0),
        ),
        # Twice 12 hours of two accelerators; one worker's end was written down in January, an hour after its last sign
        # of life at the earliest.
        ("2026-12", ["A100", "cpu"], {}, {}, ("estimated", 46.0, 48.0, 1512.0)),
    ],
)
def test_what_is_not_known_or_of_nobody_declared_or_estimated_is_what_the_tables_give(
    office: Office,
    month: str,
    ghosts: list[str],
    lacks: dict[str, Any],
    ended: dict[str, str],
    own: tuple[str, float, float, float],
) -> None:
    declared = office.ullage("declare", *FILES, office.write("ridge.yaml", RIDGE), "--since", "2026-10-31")
    assert declared.code == 0
    office.hold_vessel()
    with office.ledger() as ledger:
        hold_unknowns(ledger)
    told = office.json("gap", "--period", month, "--trend", *KIND)
    assert differing(office, told, month) == []
    assert [(each["institution"], each["thing"]["type"]) for each in told["undeclared"]] == [
        ("ghost", kind) for kind in ghosts
    ]
    assert [each["thing"]["type"] for each in told["unattributed"]] == ["A100", "cpu"]
    ridge = {each["thing"]["type"]: each for each in told["lines"] if each["institution"] == "ridge"}
    assert {kind: line["need_lacks"] for kind, line in ridge.items() if line["need_lacks"]} == lacks
    assert {kind: line["need_ended"] for kind, line in ridge.items() if line["need_ended"]} == ended
    figure = ridge["A100"]["own_allocated"]
    assert (figure["provenance"], figure["low"], figure["value"], figure["high"]) == own
