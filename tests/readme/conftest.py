"""The README as its readers meet it: code blocks, tables and names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Page:
    """A page of Markdown."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self, language: str, heading: str = "") -> list[str]:
        """Return the fenced blocks of a language, of the whole page or of one section with its subsections."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.section(heading), re.MULTILINE | re.DOTALL)

    def section(self, heading: str) -> str:
        """Return a section of level 2 with its subsections."""
        if not heading:
            return self.text
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", self.text, re.MULTILINE | re.DOTALL)
        assert found, f"expected a section {heading!r} in {self.path.name}, found none"
        return found[1]

    def rows(self, heading: str, first_column: str) -> list[list[str]]:
        """Return the bodies of a section's tables, found by the head of their first column, without code marks."""
        rows: list[list[str]] = []
        inside = False
        for line in self.section(heading).splitlines():
            if line.startswith(f"| {first_column} |"):
                inside = True
            elif not line.startswith("|"):
                inside = False
            elif inside and not line.startswith("|---"):
                rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
        return rows

    @property
    def links(self) -> list[str]:
        """Return the targets of all links and pictures."""
        return re.findall(r"\]\(([^)\s]+)\)", self.text)


@pytest.fixture
def readme() -> Page:
    return Page(ROOT / "README.md")


@pytest.fixture(params=["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def page(request: pytest.FixtureRequest) -> Page:
    return Page(ROOT / request.param)


@pytest.fixture
def root() -> Path:
    return ROOT
