"""The page: figures and words in both languages, nothing that runs, nothing that is not there."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

from gap.vessel import DECEMBER, NOVEMBER, held
from report.examples import ABOUT, HOSTILE, ODD, odd, rendered, rendered_odd, whole
from ullage_operator.gap import (
    Inputs,
    Institution,
    Lack,
    Lacking,
    Method,
    Provenance,
    Requirement,
    Resource,
    Unit,
    accelerators,
    gap_report,
)
from ullage_operator.report import ReportDocument, gap_document
from ullage_operator.report import page as page_package
from ullage_operator.report.compare_document import UNITS, NoRatio
from ullage_operator.report.gap_parts import Unknown
from ullage_operator.report.page import Language, render_page
from ullage_operator.report.page.pictures.marks import VARIABLES
from ullage_operator.report.page.words import Words, _flat, messages
from ullage_operator.report.parts import Basis
from ullage_operator.report.plan_document import NotPlanned
from ullage_operator.report.spread_parts import LeftOut

LANGUAGES = pytest.mark.parametrize("language", list(Language))


class Reader(HTMLParser):
    """Collects elements, and the cells of tables by the id of the table."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._table, self._cell = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag == "div" and (found.get("class") or "").startswith("table"):
            self._table = str(found["id"])
            self.tables[self._table] = []
        elif tag == "tr":
            self.tables[self._table].append([])
        elif tag in ("th", "td"):
            self.tables[self._table][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            row = self.tables[self._table][-1]
            row[-1] = f"{row[-1]} {data.strip()}".strip()


def rows(page: str, table: str) -> list[list[str]]:
    return Reader(page).tables[table]


def test_the_tables_hold_the_figures_of_the_worked_example() -> None:
    page = rendered()
    assert rows(page, "money") == [
        ["Institution", "Currency", "Gross need", "Money awarded", "Net need"],
        ["forge", "CNY", "CN¥16,800.00 declared", "CN¥0.00 declared", "CN¥16,800.00 declared"],
        ["north", "CNY", "at least CN¥169,900.00 declared", "CN¥0.00 declared", "at least CN¥169,900.00 declared"],
        ["south", "CNY", "CN¥43,900.00 declared", "CN¥10,000.00 declared", "CN¥33,900.00 declared"],
        [
            *("All institutions", "CNY", "at least CN¥230,600.00 declared"),
            *("CN¥10,000.00 declared", "at least CN¥220,600.00 declared"),
        ],
    ]
    assert rows(page, "use")[3] == [
        *("south", "compute A100 in accelerator-h", "220 measured", "100% measured", "110 measured"),
        *("110 measured", "0 measured", "50% measured", "unknown"),
    ]
    assert rows(page, "bottlenecks")[1:] == [
        ["forge", "compute A100", "72% declared"],
        ["north", "compute A100", "30% declared"],
        ["south", "talent engineer", "70% declared"],
    ]


def test_a_country_has_its_sums_coverage_use_money_bottleneck_and_disparity() -> None:
    page = rendered()
    china = "China"
    found = {
        name: [row[1:] for row in rows(page, f"groups-country{name}") if row[0] == china and "A100" in row[1]]
        for name in ("", "-coverage", "-use", "-worst", "-spread")
    }
    hours = "compute A100 in accelerator-h"
    amounts = ("3,000", "540", "800", "–", "1,340", "0", "1,660", "0")
    told = [each if each == "–" else f"{each} declared" for each in amounts]
    uses = ("720", "86.1%", "410", "210", "100", "66.1%")
    assert found == {
        "": [[hours, *told]],
        "-coverage": [[hours, "–", "44.7% declared", "44.7% declared"]],
        "-use": [[hours, *(f"{each} measured" for each in uses), "unknown"]],
        "-worst": [["compute A100", "44.7% declared"]],
        "-spread": [
            ["compute A100", "supply", "0.0522 declared", "0.0055 declared"],
            ["compute A100", "coverage", "0.2189 declared", "0.1006 declared"],
        ],
    }
    assert rows(page, "groups-country-money")[1] == [
        *(china, "CNY", "at least CN¥213,800.00 declared", "CN¥10,000.00 declared"),
        "at least CN¥203,800.00 declared",
    ]


def test_the_chinese_page_holds_the_same_figures_in_chinese() -> None:
    page = rendered(Language.CHINESE)
    assert '<html lang="zh-Hans">' in page
    assert "<title>训练资源报告：2026年11月</title>" in page
    assert rows(page, "money")[3] == ["south", "CNY", "¥43,900.00 申报", "¥10,000.00 申报", "¥33,900.00 申报"]
    assert rows(page, "supply")[5] == [
        *("north", "数据 text 单位：词元", "1497.6亿 申报"),
        *("480亿 申报", "0 申报", "–", "480亿 申报", "1017.6亿 申报", "0 申报"),
    ]
    assert rows(page, "moved")[1] == ["境外（德国）", "engineer", "43 申报"]


def test_the_plan_stands_beside_a_fifth_less_and_a_fifth_more() -> None:
    found = [row[:1] + row[4:] for row in rows(rendered(), "variants")]
    assert found[1:] == [
        [f"{told} declared" for told in each]
        for each in (
            ["CN¥20,800.00", "CN¥50,000.00", "CN¥29,200.00", "30%", "75.7%"],
            ["CN¥26,000.00", "CN¥50,000.00", "CN¥24,000.00", "30%", "80%"],
            ["CN¥31,200.00", "CN¥50,000.00", "CN¥18,800.00", "30%", "84.3%"],
        )
    ]


@LANGUAGES
def test_what_is_unknown_says_so_and_why(language: Language) -> None:
    words, page = Words(language), rendered_odd(language)
    (delta,) = [row for row in rows(page, "supply") if row[0] == "delta"]
    assert [delta[place] for place in (2, 7, 8)] == [words("unknown")] * 3
    assert [row[2] for row in rows(page, "unknown-lines") if row[0] == "delta"] == [
        words("unknown_why.needAmountUnknown"),
        words("unknown_why.usePartlyMeasured", amount="30", unit=words.unit("acceleratorHours")),
    ]


@LANGUAGES
def test_an_estimate_shows_its_bounds(language: Language) -> None:
    words, page = Words(language), rendered_odd(language)
    (coast,) = [row for row in rows(page, "supply") if row[0] == "coast"]
    bounds = words("range", low="700", high="1,200")
    assert coast[2] == f"900 ({bounds}) {words('provenance.estimated')}"


def test_the_summary_says_of_estimates_between_what_they_lie() -> None:
    (told,) = re.findall(r"<li>(compute A100: .*)</li>", rendered_odd())
    assert told == (
        "compute A100: 3,860 accelerator-h (declared) of 6,900 accelerator-h (estimated, 6,700 to 7,200) needed; "
        "gap 3,040 accelerator-h (estimated, 2,840 to 3,340); 55.9% (estimated, 50.1% to 60.6%) of the need is met "
        "where it arises."
    )


@LANGUAGES
def test_a_name_is_text_and_never_markup(language: Language) -> None:
    page = render_page(ReportDocument(gap=odd(ODD, {"north": HOSTILE})), language)
    assert "script" not in {tag for tag, _ in Reader(page).elements}
    assert HOSTILE not in page
    assert HOSTILE in {row[0] for row in rows(page, "supply")}


@LANGUAGES
def test_the_page_needs_nothing_beside_it_and_forbids_what_it_does_not_need(language: Language) -> None:
    found = Reader(rendered_odd(language)).elements
    assert not {tag for tag, _ in found} & {"script", "link", "img", "iframe", "object", "form", "base"}
    targets = [value for _, attributes in found for name, value in attributes.items() if name in ("href", "xlink:href")]
    assert [target for target in targets if not str(target).startswith("#")] == []
    assert [target for _, each in found if (target := each.get("src"))] == []
    policies = [each["content"] for _, each in found if each.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


@LANGUAGES
def test_each_picture_has_a_title_and_a_description_that_it_refers_to(language: Language) -> None:
    page = rendered_odd(language)
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) >= 12
    for picture in pictures:
        title, told = re.findall(r'aria-labelledby="(\S+) (\S+)"', picture)[0]
        assert re.search(rf'<title id="{title}">[^<]+</title><desc id="{told}">[^<]+</desc>', picture)
    # The page's colours and font take the place of the drawing's.
    assert not [colour for colour in VARIABLES if colour in "".join(pictures)]
    assert not re.search(r"<(text|g|path)[^>]*font-family", page)


def test_the_page_is_the_same_each_time() -> None:
    assert render_page(whole()) == rendered()


def test_a_report_of_no_plan_and_no_comparison_has_no_such_sections() -> None:
    page = render_page(ReportDocument(gap=odd()))
    assert [name for name in ("plan-section", "comparison-section") if f'id="{name}"' in page] == []
    assert "A trend needs at least two months; this report has 0." in page


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_every_message_with_the_same_places() -> None:
    english, chinese = (messages(language) for language in Language)
    assert {key: _places(text) for key, text in english.items()} == {
        key: _places(text) for key, text in chinese.items()
    }


@LANGUAGES
def test_every_word_of_documents_has_a_message(language: Language) -> None:
    words = Words(language)
    keys: list[tuple[str, Any]] = [
        ("provenance", Provenance),
        ("basis", Basis),
        ("unknown_why", Unknown),
        ("left_out", LeftOut),
        ("not_planned", NotPlanned),
        ("no_ratio", NoRatio),
        ("method", Method),
        ("resource", Resource),
        ("unit", Unit),
        ("unit", UNITS.values()),
        ("quantity", [*UNITS, "data"]),
    ]
    assert [f"{prefix}.{each}" for prefix, named in keys for each in named if not words.has(f"{prefix}.{each}")] == []


@LANGUAGES
def test_no_message_is_there_that_nothing_says(language: Language) -> None:
    folder = Path(page_package.__file__).parent
    sources = "".join(path.read_text() for path in [*folder.rglob("*.py"), *folder.rglob("*.html")])
    told = [key for key in messages(language) if "." not in key]
    assert [key for key in told if f'"{key}"' not in sources and f"'{key}'" not in sources] == []


def test_numbers_are_written_as_the_language_writes_them() -> None:
    english, chinese = Words(Language.ENGLISH), Words(Language.CHINESE)
    values = (0, 0.00308, 1234.5, -43, 149.76e9, 3.14e23)
    assert [english.number(each) for each in values] == ["0", "0.00308", "1,234.5", "-43", "149.76B", "3.14 × 10²³"]
    assert [chinese.number(each) for each in values] == ["0", "0.00308", "1,234.5", "-43", "1497.6亿", "3.14 × 10²³"]
    assert [english.signed(each) for each in (0.003, -0.003, 1.26, -0.43)] == ["0", "0", "+1.3", "-0.4"]


def test_a_period_is_a_month_by_its_name_or_its_days() -> None:
    english = Words(Language.ENGLISH)
    start = "2026-12-01T00:00:00.000Z"
    assert english.period(start, "2027-01-01T00:00:00.000Z") == "December 2026"
    assert english.period(start, "2027-02-01T00:00:00.000Z") == "2026-12-01 – 2027-02-01"


def test_messages_are_texts_alone() -> None:
    with pytest.raises(TypeError, match=r"expected a text or a map at unit\.x, found 1"):
        _flat(yaml.safe_load("unit: {x: 1}"), "")


@pytest.mark.parametrize(
    ("language", "name"), [(Language.ENGLISH, "lab, not declared"), (Language.CHINESE, "lab（未申报）")]
)
def test_use_in_the_name_of_an_institution_that_is_not_declared_is_told_by_its_name(
    language: Language, name: str
) -> None:
    alone = Inputs(institutions=(), allocations=(held("lab", 7, 4, 2),), books=frozenset({"here"}))
    months = tuple(gap_report(alone, each) for each in (NOVEMBER, DECEMBER))
    page = render_page(ReportDocument(gap=gap_document(months[0], ABOUT, trend=months)), language)
    told = [[row[0], *row[2:7]] for row in rows(page, "use")[1:]]
    assert [row[0] for row in told][1:] == [name]
    assert told[0][1:] == told[1][1:]
    assert "7" in told[1][1]
    assert (rows(page, "totals")[1:], rows(page, "totals-coverage")[1:]) == ([], [])
    none = Words(language)("none")
    ((month, _, *amounts),) = rows(page, "trend")[1:]
    assert (month, amounts[0], amounts[2:4]) == ("2026-11", none, [none, none])
    assert 'id="trend-0' not in page


@LANGUAGES
def test_why_the_amount_of_a_need_is_not_known_is_told(language: Language) -> None:
    needs = tuple(
        Requirement("north", accelerators(name), None, NOVEMBER, Lacking(what, lacked))
        for name, what, lacked in (("A100", Lack.OPERATIONS, "ours"), ("B999", Lack.PEAK, "B999"))
    )
    north = Institution("north", "CN", "university")
    document = odd(Inputs(institutions=(north,), requirements=needs, books=frozenset({"here"})))
    assert [line.model_dump(mode="json")["need_lacks"] for line in document.lines] == [
        {"what": "operations", "name": "ours"},
        {"what": "peak", "name": "B999"},
    ]
    words = Words(language)
    why = words("unknown_why.needAmountUnknown")
    page = render_page(ReportDocument(gap=document), language)
    assert [row[2] for row in rows(page, "unknown-lines")[1:]] == [
        words("lacks.operations", why=why, name="ours"),
        words("lacks.peak", why=why, name="B999"),
    ]
