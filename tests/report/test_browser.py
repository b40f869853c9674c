"""The page in a real browser: nothing overflows or overlaps, it runs no script, and paper has all of it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from cluster.fixtures import without
from report.chromium import PROBE, browse, lacking, printed
from report.examples import HOSTILE, ODD, odd, rendered, whole
from ullage_operator.report import ReportDocument
from ullage_operator.report.page import Language, render_page

LANGUAGES = pytest.mark.parametrize("language", list(Language))
LONG = "National Institute of Very Long Names for Computing, Data and Engineering (Southern Branch)"


@pytest.fixture(autouse=True, scope="module")
def _browser() -> None:
    without(lacking(), "reading the page")


def wide_report() -> ReportDocument:
    """A report with all pictures, a long name and one of ideographs."""
    names = {"south": LONG, "forge": "锻造计算技术联合研究中心", "north": HOSTILE}
    return whole(odd(ODD, names))


@LANGUAGES
@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_overflows_overlaps_or_is_cut_off(language: Language, width: int, tmp_path: Path) -> None:
    # The page forbids scripts; the test's own needs leave, in a frame, as a window is never narrower than 500 px.
    page = render_page(wide_report(), language)
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace("</body>", f"{PROBE}</body>")
    (tmp_path / "inner.html").write_text(page, encoding="utf-8")
    told = browse(
        _framed(width), tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom"
    )
    found = re.search(r'<pre id="told">(.*?)</pre>', told, re.DOTALL)
    assert found is not None
    expected = {"width": width, "wide": [], "outside": [], "clashes": [], "repeated": []}
    assert json.loads(unescape(found[1])) == expected


def _framed(width: int) -> str:
    return f"""<!DOCTYPE html><meta charset="utf-8"><iframe src="inner.html" style="width: {width}px; height: 900px;
    border: 0"></iframe><pre id="told"></pre><script>
    onload = () => {{
      const inner = document.querySelector("iframe").contentDocument;
      document.getElementById("told").textContent = inner.getElementById("found").textContent;
    }};
    </script>"""


def test_the_browser_shows_the_figures_and_runs_no_script(tmp_path: Path) -> None:
    # The page's own policy stops a script that somebody put into it.
    page = rendered().replace("</body>", "<script>document.title = 'ran'</script></body>")
    told = browse(page, tmp_path, "--dump-dom")
    assert "<title>Training resources in November 2026</title>" in told
    assert "at least CN¥220,600.00" in told


@LANGUAGES
def test_paper_has_the_figures_and_the_words(language: Language, tmp_path: Path) -> None:
    # A change of font within a number looks like a blank in the text of a PDF.
    text = "".join(printed(rendered(language), tmp_path).split())
    expected = {
        Language.ENGLISH: ["November2026", "CN¥220,600.00", "Whatisunknown", "llama-65b", "149.76B"],
        Language.CHINESE: ["2026年11月", "¥220,600.00", "未知事项", "llama-65b", "1497.6亿"],
    }[language]
    assert [each for each in expected if each not in text] == []


def test_a_screenshot_in_the_dark_is_dark(tmp_path: Path) -> None:
    from PIL import Image  # noqa: PLC0415 - where the test runs at all

    options = ("--window-size=800,600", "--blink-settings=preferredColorScheme=0", "--screenshot=dark.png")
    browse(rendered(), tmp_path, *options)
    with Image.open(tmp_path / "dark.png") as picture:
        colours = picture.convert("L").getcolors() or []
    assert max(colours)[1] < 40
