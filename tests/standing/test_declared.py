"""What institutions and funders declare, measured: the example's figures are those of the specification's."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from gap.vessel import A100, ENGINEER, NOVEMBER, TEXT, G
from ullage_operator import gap
from ullage_operator.api import Declarations, load_any
from ullage_operator.api import Declared as Object
from ullage_operator.standing.declared import declared

EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "national-programme"


def objects() -> list[Object]:
    """Everything in the example."""
    return [each for path in sorted(EXAMPLE.glob("*.yaml")) for each in load_any(path.read_text(), source=path.name)]


def report() -> gap.GapReport:
    found = declared(Declarations.of(objects()), gap.published())
    assert found.unknown == ()
    return gap.gap_report(found.inputs, NOVEMBER)


@pytest.mark.parametrize(
    ("institution", "subject", "required", "supply"),
    [
        ("north", A100, 2000, 600),
        ("south", A100, 1000, 740),
        ("forge", A100, 3000, 2160),
        ("north", ENGINEER, 860, 387),
        ("south", ENGINEER, 430, 301),
        ("forge", ENGINEER, 430, 774),
        ("north", TEXT, Fraction(14976 * G, 100), 48 * G),
        ("south", TEXT, 40 * G, 48 * G),
        ("forge", TEXT, 40 * G, 40 * G),
    ],
)
def test_needs_and_supply_are_those_of_the_worked_example(
    institution: str, subject: gap.Subject, required: Fraction, supply: Fraction
) -> None:
    row = report().row(institution, subject)
    assert row.required is not None
    assert (row.required.value, row.supply.value) == (required, supply)


@pytest.mark.parametrize(("institution", "gross", "net"), [("north", 169_900, 169_900), ("south", 43_900, 33_900)])
def test_what_the_gap_costs_is_that_of_the_worked_example(institution: str, gross: int, net: int) -> None:
    money = report().money[institution, "CNY"]
    assert (money.gross.value, money.net.value) == (gross, net)
