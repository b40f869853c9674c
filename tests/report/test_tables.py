"""Tables for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from report.examples import compared, odd, planned, worked
from ullage_operator.cli.standing_tables import (
    compare_sources,
    compare_table,
    money_table,
    plan_table,
    supply_table,
    told_as,
    use_table,
    variants_table,
)


def lines(table: Table, width: int = 120) -> list[list[str]]:
    """Return what a table prints, each line as its words."""
    console = Console(width=width, color_system=None)
    with console.capture() as printed:
        console.print(table)
    return [line.split() for line in printed.get().splitlines()]


def test_supply_stands_against_need() -> None:
    found = lines(supply_table(worked()))
    assert found[0] == ["institution", "what", "unit", "R", "K", "F", "moved", "S", "gap", "coverage"]
    assert found[4] == ["north", "compute", "A100", "accelerator-h", "2,000", "0", "600", "–", "600", "1,400", "30.0%"]
    assert found[3] == ["forge", "talent", "engineer", "h", "430", "860", "0", "-86", "774", "0", "180.0%"]
    assert found[10] == ["total", "compute", "A100", "accelerator-h", "6,000", "3,500", "2,500", "58.3%"]


def test_estimates_are_marked_and_what_is_unknown_has_a_question_mark() -> None:
    found = {line[0]: line for line in lines(supply_table(odd()), width=160)}
    told = " ".join(found["coast"][4:])
    assert told == "~900 (700 to 1,200) 360 0 – 360 ~540 (340 to 840) ~40.0% (30.0% to 51.4%)"
    assert found["delta"][4:] == ["?", "0", "0", "–", "0", "?", "?"]


def test_in_a_narrow_terminal_bounds_wrap_and_nothing_is_cut_off() -> None:
    assert not [word for line in lines(supply_table(odd()), width=100) for word in line if "…" in word]


def test_use_stands_beside_the_part_that_was_measured_and_the_books() -> None:
    found = lines(use_table(worked()))
    assert found[2] == ["north", "compute", "A100", "accelerator-h", "500", "80.0%", "300", "100", "75.0%", "here"]
    assert lines(use_table(odd()))[-1] == [
        "unattributed",
        "compute",
        "A100",
        "accelerator-h",
        "5",
        "0.0%",
        *"???",
        "here",
    ]


def test_sums_of_money_are_lower_bounds_where_something_has_no_price() -> None:
    assert lines(money_table(worked())) == [
        ["institution", "currency", "gross", "awarded", "net"],
        ["forge", "CNY", "16,800", "0", "16,800"],
        ["north", "CNY", "at", "least", "169,900", "0", "at", "least", "169,900"],
        ["south", "CNY", "43,900", "10,000", "33,900"],
        ["total", "CNY", "at", "least", "230,600", "10,000", "at", "least", "220,600"],
    ]


def test_a_plan_shows_before_and_after_and_its_neighbours() -> None:
    assert lines(plan_table(planned()))[2] == [
        *("north", "compute", "A100", "accelerator-h", "1,000", "20,000", "1,400", "400", "30.0%", "80.0%")
    ]
    assert lines(variants_table(planned()))[1:] == [
        ["-20%", "20,800", "20,800", "0", "50,000", "29,200", "30.0%", "75.7%"],
        ["asked", "for", "26,000", "26,000", "0", "50,000", "24,000", "30.0%", "80.0%"],
        ["+20%", "31,200", "31,200", "0", "50,000", "18,800", "30.0%", "84.3%"],
    ]


def test_a_comparison_numbers_its_sources() -> None:
    found = lines(compare_table(compared()))
    assert found[1] == ["parameters", "bloom", "parameters", "176.2", "G", "1", "+0.0", "1"]
    assert compare_sources(compared())[0] == "[1] BigScience 2022, arXiv:2211.05100"


def test_a_note_says_how_the_figures_are_known_and_what_they_cover() -> None:
    assert told_as(worked()) == (
        "2026-11-01T00:00Z to 2026-12-01T00:00Z, as of 2026-12-01T00:00:00.000Z. R, K, F: declared. A, U: measured; "
        "books: here. ~ is estimated, of it (low to high); ? is unknown; – has none."
    )
