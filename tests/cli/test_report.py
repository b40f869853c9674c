"""``ullage report``: all of a period in one, in each form."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from cli.office import KIND, Office, documents
from gap.vessel import at
from standing.test_standing import run

NOVEMBER = ("--period", "2026-11", *KIND)
WINTER = {"from": "2026-12-01", "to": "2027-02-01"}
BOTH = ("--since", "2026-11-01", "--until", "2027-01-01", *KIND)
PLAN = ("--budget", "26000", "--currency", "CNY")
COMPARED = ("--compare", "gpt-3", "--compare", "n1")
ALL = (*NOVEMBER, *PLAN, *COMPARED)


@pytest.mark.parametrize(("language", "word"), [("en", '<html lang="en"'), ("zh", '<html lang="zh-Hans"')])
def test_the_report_is_one_page_with_the_plan_and_the_comparison(vessel: Office, language: str, word: str) -> None:
    ended = vessel.ullage("report", *ALL, "--lang", language, "--file", "gap.html")
    page = (vessel.root / "gap.html").read_text(encoding="utf-8")
    assert (ended.code, ended.out) == (
        0,
        f"gap.html: written, {len(page.encode()):,} bytes; it needs nothing beside it\n",
    )
    assert word in page
    assert [part for part in ("1,400", "Institute of the South", "n1") if part not in page] == []
    assert vessel.ullage("report", *NOVEMBER).out.startswith("<!DOCTYPE html>")


def test_as_json_it_holds_what_the_commands_on_its_parts_print(vessel: Office) -> None:
    report = vessel.json("report", *ALL)
    parts: dict[str, Any] = {
        "gap": vessel.json("gap", *NOVEMBER, "--trend"),
        "plan": vessel.json("plan", *NOVEMBER, *PLAN),
        "comparison": vessel.json("compare", "gpt-3", "n1", *KIND),
    }
    for each in (report["gap"], report["plan"], parts["gap"], parts["plan"]):
        del each["as_of"]
    # Before it stands October, at whose end the institutions were declared.
    october, *rest = report["gap"]["trend"]
    assert (october["period"]["start"], rest) == ("2026-10-01T00:00:00.000Z", parts["gap"]["trend"])
    report["gap"]["trend"] = rest
    assert report == {"version": "ullage.dev/report/v1alpha1", **parts}
    alone = vessel.json("report", *NOVEMBER)
    assert (alone["plan"], alone["comparison"]) == (None, None)


def test_as_a_sheet_it_has_every_row_of_its_parts(vessel: Office) -> None:
    def rows(*arguments: str) -> list[dict[str, str]]:
        ended = vessel.ullage(*arguments, "-o", "csv")
        assert (ended.code, ended.err) == (0, "")
        return list(csv.DictReader(io.StringIO(ended.out)))

    found = rows("report", *BOTH, *PLAN, *COMPARED)
    parts = {
        "gap": rows("gap", *BOTH, "--trend"),
        "plan": rows("plan", *BOTH, *PLAN),
        "comparison": [
            {"measure" if name == "quantity" else name: value for name, value in row.items()}
            for row in rows("compare", "gpt-3", "n1", *KIND)
        ],
    }
    wanted = [dict.fromkeys(found[0], "") | {"part": part} | row for part, each in parts.items() for row in each]
    assert found == wanted


def test_as_tables_it_has_those_of_each_part(vessel: Office) -> None:
    asked = (*BOTH, *PLAN, *COMPARED, "-o", "table")
    ended = vessel.ullage("report", *asked, "--file", "report.txt")
    text = (vessel.root / "report.txt").read_text(encoding="utf-8")
    assert (ended.code, ended.out) == (0, f"report.txt: written, {len(text.encode()):,} bytes\n")
    shown = vessel.ullage("report", *asked).out
    views = ((), ("--trend",), ("--by", "country"), ("--by", "kind"), ("--by", "modelFamily"))
    parts = [vessel.ullage("gap", *BOTH, *view).out for view in views]
    parts += [vessel.ullage("plan", *BOTH, *PLAN).out, vessel.ullage("compare", "gpt-3", "n1", *KIND).out]
    for part in parts:
        assert [table for table in part.rstrip("\n").split("\n\n") if table not in shown] == []


def test_the_trend_of_a_month_has_those_before_it_by_what_was_declared_then(vessel: Office) -> None:
    def needs(*period: str) -> dict[str, float | None]:
        return {
            month["period"]["start"][:7]: line["required"] and line["required"]["value"]
            for month in vessel.json("report", *period, *KIND)["gap"]["trend"]
            for line in month["lines"]
            if (line["institution"], line["thing"]["type"]) == ("south", "A100")
        }

    south = next(each for each in documents("institutions.yaml") if each["spec"]["id"] == "south")
    south["spec"]["requires"] = [
        {"resource": "compute", "type": "A100", "unit": "acceleratorHours", "amount": 500, **WINTER}
    ]
    ended = vessel.ullage("declare", vessel.write("south.yaml", south), "--since", "2026-12-05")
    assert (ended.code, ended.err) == (0, "")
    assert needs("--period", "2026-12") == {"2026-10": None, "2026-11": 1000, "2026-12": pytest.approx(500 * 31 / 62)}
    assert needs("--since", "2026-12-01", "--until", "2026-12-08") == {"2026-12": pytest.approx(500 * 7 / 62)}


def test_of_books_with_nothing_it_says_so_as_tables_and_holds_nothing_as_json(vessel: Office) -> None:
    before = ("--period", "2026-11", "--as-of", "1990-01-01")
    assert vessel.ullage("report", *before, "-o", "table").out == vessel.ullage("gap", *before).out
    assert json.loads(vessel.ullage("report", *before, "-o", "json").out)["gap"]["lines"] == []


def test_use_by_an_institution_that_nobody_declared_is_in_the_tables_and_in_the_month_that_it_is_of(
    office: Office,
) -> None:
    with office.ledger() as ledger:
        run(ledger, "lab", "l1", 4, at("2026-10-02"), 100, 0.75)
    october = ("--period", "2026-10", *KIND)
    table = [" ".join(line.split()) for line in office.ullage("report", *october, "-o", "table").out.splitlines()]
    assert [line for line in table if "A100" in line] == [
        "total compute A100 accelerator-h 400 100.0% 0 300 100 75.0% ? local",
        "lab, not declared compute A100 accelerator-h 400 100.0% 0 300 100 75.0% – local",
        "unattributed compute A100 accelerator-h 400 100.0% 0 300 100 75.0% local",  # Of no known family of models.
        "2026-10 compute A100 accelerator-h – 0 – – 400 300 75.0%",
    ]
    trend = office.json("report", *NOVEMBER)["gap"]["trend"]
    held = {
        month["period"]["start"][:7]: total["use"]["allocated"]["value"]
        for month in trend
        for total in month["totals"]
        if total["thing"]["type"] == "A100"
    }
    assert (held, len(trend)) == ({"2026-10": 400}, 2)


def test_a_report_with_half_a_budget_or_nowhere_to_go_is_refused(vessel: Office) -> None:
    assert vessel.ullage("report", "--budget", "1").err == "--budget: expected --currency beside it, found none\n"
    ended = vessel.ullage("report", "--period", "2026-11", "--file", "no/where.html")
    assert (ended.code, ended.err) == (
        4,
        "no/where.html: expected a file that can be written, found: No such file or directory; name another\n",
    )


def test_a_form_that_there_is_not_is_refused_and_no_file_is_written(vessel: Office) -> None:
    there = sorted(path.name for path in vessel.root.iterdir())
    ended = vessel.ullage("report", *NOVEMBER, "-o", "gap.html")
    assert (ended.code, ended.out) == (2, "")
    assert sorted(path.name for path in vessel.root.iterdir()) == there
