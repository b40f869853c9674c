"""``ullage gap``: the specification's worked example, from manifests and posted holds to what is printed."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from cli.office import KIND, VESSEL, Office, documents, expected
from gap.vessel import at
from standing.test_standing import run

NOVEMBER = ("--period", "2026-11", *KIND)


def value(found: Any) -> float | None:
    return None if found is None else found["value"]


def lines(document: Any, resource: str) -> dict[str, Any]:
    return {
        line["institution"]: line
        for line in document["lines"]
        if (line["thing"]["resource"], line["thing"]["type"])
        in ((resource, "A100"), (resource, "engineer"), (resource, "text"))
    }


def row(document: Any, resource: str, *measures: str) -> dict[str, tuple[float | None, ...]]:
    found = lines(document, resource)
    return {name: tuple(value(found[name][measure]) for measure in measures) for name in VESSEL}


def test_compute_is_that_of_the_worked_example(vessel: Office) -> None:
    document = vessel.json("gap", *NOVEMBER)
    assert row(document, "compute", "required", "supply", "gap", "coverage") == {
        "north": (2000, 600, 1400, 0.3),
        "south": (1000, 740, 260, 0.74),
        "forge": (3000, 2160, 840, 0.72),
    }
    uses = {name: line["use"] for name, line in lines(document, "compute").items()}
    measures = ("allocated", "measured", "used", "idle", "unmeasured")
    assert {name: tuple(value(uses[name][each]) for each in measures) for name in VESSEL} == {
        "north": (500, 400, 300, 100, 100),
        "south": (220, 220, 110, 110, 0),
        "forge": (0, 0, None, None, 0),
    }
    assert row(document, "compute", "own_allocated") == {"north": (0,), "south": (None,), "forge": (None,)}
    (total,) = [each for each in document["totals"] if each["thing"]["type"] == "A100"]
    assert (value(total["supply"]), value(total["gap"])) == (3500, 2500)
    assert tuple(value(total["use"][each]) for each in ("allocated", "measured", "used")) == (720, 620, 410)


def test_people_and_data_are_those_of_the_worked_example(vessel: Office) -> None:
    document = vessel.json("gap", *NOVEMBER)
    assert row(document, "talent", "supply", "gap", "surplus") == {
        "north": (387, 473, 0),
        "south": (301, 129, 0),
        "forge": (774, 0, 344),
    }
    assert row(document, "talent", "gap_fte") == {
        "north": (pytest.approx(3.3),),
        "south": (pytest.approx(0.9),),
        "forge": (0,),
    }
    assert row(document, "data", "supply", "gap") == {
        "north": (48e9, 101.76e9),
        "south": (48e9, 0),
        "forge": (40e9, 0),
    }
    (text,) = [each for each in document["totals"] if each["thing"]["type"] == "text"]
    assert (value(text["supply"]), text["gap"]) == (88e9, None)


def test_money_bottlenecks_and_disparity_are_those_of_the_worked_example(vessel: Office) -> None:
    document = vessel.json("gap", *NOVEMBER)
    money = {each["institution"]: each for each in (*document["money"], *document["money_totals"])}
    assert {name: (value(each["gross"]), value(each["net"]), each["at_least"]) for name, each in money.items()} == {
        "north": (169_900, 169_900, True),
        "south": (43_900, 33_900, False),
        "forge": (16_800, 16_800, False),
        None: (230_600, 220_600, True),
    }
    bottlenecks = {
        each["institution"]: (each["thing"]["type"], value(each["coverage"])) for each in document["bottlenecks"]
    }
    assert bottlenecks == {"north": ("A100", 0.3), "south": ("engineer", 0.7), "forge": ("A100", 0.72)}
    raw, by_need = (each for each in document["spreads"] if each["thing"]["type"] == "A100")
    assert (value(raw["gini"]), round(value(raw["theil"]) or 0, 6)) == (52 / 175, 0.169884)
    assert (value(by_need["gini"]), round(value(by_need["theil"]) or 0, 6)) == (173 / 1050, 0.066205)


def test_every_figure_of_the_sheet_says_unit_and_how_it_is_known(vessel: Office) -> None:
    ended = vessel.ullage("gap", *NOVEMBER, "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    north = {
        each["measure"]: each
        for each in rows
        if (each["of"], each["name"], each["type"]) == ("institution", "north", "A100")
    }
    told = {
        name: tuple(north[name][key] for key in ("value", "unit", "provenance", "books"))
        for name in ("required", "used", "own_allocated")
    }
    assert told == {
        "required": ("2000.0", "acceleratorHours", "declared", ""),
        "used": ("300.0", "acceleratorHours", "measured", "local"),
        "own_allocated": ("0.0", "acceleratorHours", "measured", "local"),
    }
    assert [each for each in rows if not each["unit"] or not each["provenance"]] == []


def test_the_table_is_whole(vessel: Office) -> None:
    ended = vessel.ullage("gap", *NOVEMBER)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == expected("gap-november.txt")


def test_a_need_for_data_that_ended_within_the_period_is_told_with_its_end(vessel: Office) -> None:
    karoo = next(each for each in documents("institutions.yaml") if each["spec"]["id"] == "karoo")
    vessel.ullage("declare", vessel.write("karoo.yaml", karoo), "--since", "2026-10-31")
    both = ("--since", "2026-11-01", "--until", "2027-01-01", *KIND)
    (line,) = [
        each
        for each in vessel.json("gap", *both)["lines"]
        if (each["institution"], each["thing"]["type"]) == ("karoo", "text")
    ]
    assert (line["required"], line["unknown"], line["need_ended"]) == (None, ["needEnded"], "2026-12-01T00:00:00.000Z")
    printed = vessel.ullage("gap", *both).out
    assert "  karoo, data text: R: its need ended on 2026-12-01, before the period's end\n" in printed


def test_families_are_told_what_they_held_since_needs_are_declared_by_institution(vessel: Office) -> None:
    document = vessel.json("gap", *NOVEMBER, "--by", "modelFamily")
    (family,) = [each for each in document["families"] if each["thing"]["type"] == "A100"]
    assert (family["model_family"], value(family["use"]["allocated"])) == (None, 720)


def test_a_country_s_sums_are_those_of_its_institutions(vessel: Office) -> None:
    ended = vessel.ullage("gap", *NOVEMBER, "--by", "country")
    assert (ended.code, ended.out.partition("\n\n")[2]) == (0, expected("gap-by-country.txt"))


def test_one_institution_alone_is_compared_with_nobody(vessel: Office) -> None:
    document = vessel.json("gap", *NOVEMBER, "--institution", "south")
    assert {line["institution"] for line in document["lines"]} == {"south"}
    assert [document[name] for name in ("totals", "spreads", "money_totals", "groups")] == [[], [], [], []]


def test_the_trend_has_each_month_and_what_south_held_in_december(vessel: Office) -> None:
    document = vessel.json("gap", "--since", "2026-11-01", "--until", "2027-01-01", *KIND, "--trend")
    held = {
        month["period"]["start"][:7]: value(total["use"]["allocated"])
        for month in document["trend"]
        for total in month["totals"]
        if total["thing"]["type"] == "A100"
    }
    assert held == {"2026-11": 720, "2026-12": 20}


BOTH = ("--since", "2026-11-01", "--until", "2027-01-01", *KIND, "--trend")


def test_the_trend_of_one_institution_has_its_lines_and_its_money_and_no_sums(vessel: Office) -> None:
    of_all, alone = vessel.json("gap", *BOTH)["trend"], vessel.json("gap", *BOTH, "--institution", "north")["trend"]
    wanted = [
        {
            "period": month["period"],
            "lines": [line for line in month["lines"] if line["institution"] == "north"],
            "totals": [],
            "money": [money for money in month["money"] if money["institution"] == "north"],
            "money_totals": [],
        }
        for month in of_all
    ]
    assert alone == wanted
    compute = [line for month in alone for line in month["lines"] if line["thing"]["type"] == "A100"]
    measures = ("required", "supply", "gap", "coverage")
    assert [tuple(value(line[measure]) for measure in measures) for line in compute] == [
        (2000, 600, 1400, 0.3),
        (None, 600, None, None),
    ]
    assert [value(money["net"]) for month in alone for money in month["money"]] == [169_900, 0]


def test_each_institution_s_months_stand_below_each_other(vessel: Office) -> None:
    def of_north(*options: str) -> list[list[str]]:
        printed = vessel.ullage("gap", *BOTH, *options).out
        trend = printed.partition("Month by month, of each institution\n")[2].partition("\n\n")[0]
        return [line.split() for line in trend.splitlines() if line.startswith("north") and "A100" in line]

    name = ("north", "compute", "A100", "accelerator-h")
    wanted = [
        [*name, "2026-11", "2,000", "600", "1,400", "30.0%", "500", "300", "75.0%"],
        [*name, "2026-12", "?", "600", "?", "?", "0", "?", "?"],
    ]
    assert of_north() == wanted
    assert of_north("--institution", "north") == wanted
    assert of_north("--institution", "south") == []


def test_books_as_of_a_moment_before_anything_was_posted_say_so(vessel: Office) -> None:
    ended = vessel.ullage("gap", "--period", "2026-11", "--as-of", "1990-01-01")
    said = (
        "As of 1990-01-01T00:00:00Z the books have neither an institution nor use by 2026-12-01T00:00:00Z. "
        "`ullage declare` posts manifests; --since of it says from when they apply.\n"
    )
    assert (ended.code, ended.out, ended.err) == (0, said, "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--period", "2026-13"], "--period: expected a month such as 2026-11 or a year such as 2026, found '2026-13'"),
        (
            ["--period", "2026-11", "--since", "2026-11-01"],
            "--period: expected it, or --since and --until, found both; leave one out",
        ),
        (
            ["--since", "2026-11-01"],
            "--since: expected --until beside it, found none; a gap is that of a period with both ends",
        ),
        (
            ["--since", "2026-11-02", "--until", "2026-11-01"],
            "--until: expected an instant after --since, found 2026-11-01 and 2026-11-02",
        ),
        (
            ["--as-of", "yesterday"],
            "--as-of: expected an instant since 1970 such as 2026-11-01 or 2026-11-01T08:00:00Z, found 'yesterday'",
        ),
        (["--kind", "A100"], "--kind: expected RESOURCE=TYPE such as nvidia.com/gpu=A100, found 'A100'"),
        (
            ["--period", "2026-11", "--institution", "nroth"],
            "--institution: expected the id of an institution in these books, found 'nroth'; did you mean 'north'?",
        ),
    ],
)
def test_what_is_no_question_is_refused(vessel: Office, options: list[str], said: str) -> None:
    ended = vessel.ullage("gap", *options)
    assert (ended.code, ended.out, ended.err) == (2, "", f"{said}\n")


def test_books_that_are_not_there_are_not_made_by_looking(office: Office) -> None:
    ended = office.ullage("gap")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == (
        f"{office.root / '.ullage' / 'ledger.sqlite3'}: expected a ledger, found no file; a first `ullage run` creates "
        "it, and so does `ullage declare`\n"
    )
    assert list(office.root.iterdir()) == []


def test_one_institution_is_not_summed_over(vessel: Office) -> None:
    ended = vessel.ullage("gap", "--period", "2026-11", "--by", "country", "--institution", "north")
    told = "--institution: expected it without --by, which sums over institutions, found both; leave one out\n"
    assert (ended.code, ended.out, ended.err) == (2, "", told)


def test_use_by_an_institution_that_nobody_declared_is_told_by_its_name(office: Office) -> None:
    with office.ledger() as ledger:
        run(ledger, "lab", "l1", 4, at("2026-11-02"), 100, 0.75)
    document = office.json("gap", *NOVEMBER)
    (told,) = [each for each in document["undeclared"] if each["thing"]["type"] == "A100"]
    assert (told["institution"], value(told["use"]["allocated"]), value(told["use"]["used"])) == ("lab", 400, 300)
    (total,) = [each for each in document["totals"] if each["thing"]["type"] == "A100"]
    assert (total["members"], value(total["use"]["allocated"]), document["lines"]) == ([], 400, [])
    assert document["spreads"] == []
    cells = csv.DictReader(io.StringIO(office.ullage("gap", *NOVEMBER, "-o", "csv").out))
    held = [
        (each["of"], each["name"], each["value"])
        for each in cells
        if (each["type"], each["measure"]) == ("A100", "allocated")
    ]
    # Their family of models is not known.
    assert held == [("total", "", "400.0"), ("modelFamily", "", "400.0"), ("undeclared", "lab", "400.0")]
    table = [" ".join(line.split()) for line in office.ullage("gap", *NOVEMBER).out.splitlines()]
    told_lines = [line for line in table if "A100" in line]
    assert told_lines == [
        "total compute A100 accelerator-h 400 100.0% 0 300 100 75.0% ? local",
        "lab, not declared compute A100 accelerator-h 400 100.0% 0 300 100 75.0% – local",
    ]
    assert not [line for line in table if line.startswith(("Supply against need", "What a gap comes to"))]
