"""Manifests that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ullage_operator.api.text import read_documents

EXAMPLES = Path(__file__).parent / "examples"


def _document(name: str) -> Any:
    [document], errors = read_documents((EXAMPLES / name).read_text(encoding="utf-8"))
    assert errors == []
    return document.value


@pytest.fixture
def full() -> dict[str, Any]:
    """Return a manifest that uses most of what there is."""
    manifest: dict[str, Any] = _document("full.yaml")
    return manifest


@pytest.fixture
def minimal() -> dict[str, Any]:
    """Return a manifest with nothing that can be left out."""
    manifest: dict[str, Any] = _document("minimal.yaml")
    return manifest


@pytest.fixture
def examples() -> Path:
    """Return the folder of example manifests."""
    return EXAMPLES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each case of cases.yaml to the tests that take one."""
    if "case" in metafunc.fixturenames:
        cases = _document("cases.yaml")
        metafunc.parametrize("case", cases, ids=[f"{case['set']}={case.get('to', 'absent')}" for case in cases])
