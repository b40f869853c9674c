"""A browser without a screen: what a page becomes when it is read, printed or photographed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

BROWSER = Path("/usr/bin/chromium")
_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PROBE = """<script>
const wide = [...document.querySelectorAll("body, body *")].filter(
  (each) => !each.closest("svg") && each.clientWidth > 0 && each.scrollWidth > each.clientWidth
    && getComputedStyle(each).position !== "absolute" && !each.closest("thead"));
const outside = [...document.querySelectorAll("svg.picture text")].filter((each) => {
  const own = each.getBoundingClientRect(), frame = each.closest("svg").getBoundingClientRect();
  return own.left < frame.left - 1 || own.right > frame.right + 1
    || own.top < frame.top - 1 || own.bottom > frame.bottom + 1;
});
const clashes = [];
for (const picture of document.querySelectorAll("svg.picture")) {
  const boxes = [...picture.querySelectorAll("text")].map((each) => [each, each.getBoundingClientRect()]);
  boxes.forEach(([one, a], place) => boxes.slice(place + 1).forEach(([other, b]) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
      clashes.push(`${one.textContent} over ${other.textContent}`);
  }));
}
const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
document.body.innerHTML = "<pre id='found'></pre>";
document.getElementById("found").textContent = JSON.stringify({
  width: innerWidth,
  wide: wide.map((each) => `${each.tagName} ${each.className}: ${each.textContent.trim().slice(0, 60)}`),
  outside: outside.map((each) => each.textContent),
  clashes,
  repeated: ids.filter((each, place) => ids.indexOf(each) !== place),
});
</script>"""
"""A script for tests: replaces the page by what does not fit in it."""


def lacking() -> list[str]:
    """Return what of the programs isn't there."""
    programs = {"chromium": BROWSER.exists(), "pdftotext (poppler-utils)": shutil.which("pdftotext") is not None}
    return [name for name, there in programs.items() if not there]


def browse(page: str, folder: Path, *options: str) -> str:
    """Let the browser read a page; return what it writes to its standard output."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [str(BROWSER), *_QUIET, f"--user-data-dir={folder / 'profile'}", *options, file.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, cwd=folder).stdout


def printed(page: str, folder: Path) -> str:
    """Return the text of a page as it is printed."""
    browse(page, folder, "--print-to-pdf=page.pdf", "--no-pdf-header-footer")
    command = ["pdftotext", "-layout", "page.pdf", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder, timeout=60).stdout
