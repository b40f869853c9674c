"""Tables for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from report.examples import compared, odd, planned, worked
from ullage_operator.cli.detail_tables import (
    comes_to_table,
    course_table,
    left_out_lines,
    lorenz_table,
    moved_table,
    rest_table,
)
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
    assert found[10] == [
        *("total", "compute", "A100", "accelerator-h", "6,000", "2,700", "800", "–", "3,500", "2,500", "58.3%")
    ]


def test_estimates_are_marked_and_what_is_unknown_has_a_question_mark() -> None:
    found = {line[0]: line for line in lines(supply_table(odd()), width=160)}
    told = " ".join(found["coast"][4:])
    assert told == "~900 (700 to 1,200) 360 0 – 360 ~540 (340 to 840) ~40.0% (30.0% to 51.4%)"
    assert found["delta"][4:] == ["?", "0", "0", "–", "0", "?", "?"]


def test_in_a_narrow_terminal_bounds_wrap_and_nothing_is_cut_off() -> None:
    assert not [word for line in lines(supply_table(odd()), width=100) for word in line if "…" in word]


def test_use_stands_beside_the_part_that_was_measured_and_the_books() -> None:
    found = lines(use_table(worked()))
    assert found[0][3:] == [
        *("A", "measured", "not", "measured", "U", "A", "-", "U", "U", "/", "A", "A", "on", "own", "books")
    ]
    assert found[2] == [
        *("north", "compute", "A100", "accelerator-h", "500", "80.0%", "100", "300", "100", "75.0%", "0", "here")
    ]
    assert lines(use_table(odd()))[-1] == [
        "unattributed",
        "compute",
        "A100",
        "accelerator-h",
        "5",
        *("0.0%", "5", "?", "?", "?", "–", "here"),
    ]


def test_sums_of_money_are_lower_bounds_where_something_has_no_price() -> None:
    assert lines(money_table(worked())) == [
        ["institution", "currency", "gross", "awarded", "net"],
        ["forge", "CNY", "16,800", "0", "16,800"],
        ["north", "CNY", "at", "least", "169,900", "0", "at", "least", "169,900"],
        ["south", "CNY", "43,900", "10,000", "33,900"],
        ["total", "CNY", "at", "least", "230,600", "10,000", "at", "least", "220,600"],
    ]


def test_a_gap_is_told_in_full_time_equivalents_in_money_and_against_the_best_supplied() -> None:
    found = lines(comes_to_table(worked()))
    assert found[0] == ["institution", "what", "unit", "gap", "FTE", "surplus", "cost,", "CNY", "frontier"]
    assert [line for line in found if "data" not in line][1:] == [
        ["forge", "compute", "A100", "accelerator-h", "840", "–", "0", "16,800", "1"],
        ["forge", "talent", "engineer", "h", "0", "0", "344", "0", "1"],
        ["north", "compute", "A100", "accelerator-h", "1,400", "–", "0", "28,000", "3.6"],
        ["north", "talent", "engineer", "h", "473", "3.3", "0", "141,900", "2"],
        ["south", "compute", "A100", "accelerator-h", "260", "–", "0", "5,200", "2.92"],
        ["south", "talent", "engineer", "h", "129", "0.9", "0", "38,700", "2.57"],
        ["total", "compute", "A100", "accelerator-h", "2,500", "–", "0", "50,000", "–"],
        ["total", "talent", "engineer", "h", "602", "4.2", "344", "180,600", "–"],
    ]
    (text,) = [line for line in found if line[:2] == ["north", "data"]]
    assert text == ["north", "data", "text", "tokens", "101.8", "G", "–", "0", "?", "1"]


def test_hours_abroad_learners_and_what_nobody_held_have_tables_of_their_own() -> None:
    assert lines(moved_table(worked()))[1:] == [
        ["abroad:DE", "engineer", "43"],
        ["forge", "engineer", "-86"],
        ["north", "engineer", "-43"],
        ["south", "engineer", "86"],
    ]
    assert lines(course_table(worked()))[1:] == [["north", "100", "4", "2026-12-01"]]
    assert lines(rest_table(worked()))[1:] == [
        ["here", "compute", "A100", "accelerator-h", "2,880", "720", "2,160", "75.0%", "not", "held", "by", "Ullage"]
    ]


def test_who_is_left_out_of_a_disparity_is_told_with_the_reason() -> None:
    assert list(left_out_lines(odd())) == [
        "compute A100, by need: delta: its need is not known",
        "compute A100, by need: escarp: it needs nothing",
    ]


def test_a_lorenz_curve_is_read_at_each_fifth() -> None:
    # S: delta and escarp 0, coast 360, north 600, south 740, forge 2,160. By need there are but four.
    found = lines(lorenz_table(odd()))
    assert found[1:] == [["compute", "A100", "of", "institutions", "0.0%", "3.7%", "18.7%", "40.2%"]]
    assert lorenz_table(worked()).row_count == 0


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
