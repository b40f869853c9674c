"""Dashboards as files: what Grafana needs of them. Their queries run in ``tests/operator_tests/test_monitoring.py``."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from monitoring.test_rules import DASHBOARDS


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    path: Path = request.param
    read: dict[str, Any] = json.loads(path.read_text())
    return read


def test_there_is_one_for_admins_one_for_funders_and_one_for_a_job() -> None:
    assert [path.stem for path in DASHBOARDS] == ["admin", "funder", "job"]


def test_every_panel_has_a_number_of_its_own_a_title_and_a_query(board: dict[str, Any]) -> None:
    panels = board["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert [panel for panel in panels if not panel["title"]] == []
    assert [panel["title"] for panel in panels if panel["type"] != "row" and not panel["targets"]] == []


def test_no_two_panels_lie_on_each_other_and_none_reaches_over_the_edge(board: dict[str, Any]) -> None:
    cells = [(panel["title"], _cells(panel["gridPos"])) for panel in board["panels"]]
    assert [(one, other) for (one, a), (other, b) in combinations(cells, 2) if a & b] == []
    assert [title for title, taken in cells if any(x >= 24 for x, _ in taken)] == []


def test_data_comes_from_whichever_prometheus_is_chosen(board: dict[str, Any]) -> None:
    targets = [target for panel in board["panels"] for target in panel.get("targets", [])]
    assert {json.dumps(target["datasource"], sort_keys=True) for target in targets} == {
        '{"type": "prometheus", "uid": "${datasource}"}'
    }
    assert board["templating"]["list"][0]["type"] == "datasource"


def _cells(place: dict[str, int]) -> set[tuple[int, int]]:
    rows, columns = range(place["y"], place["y"] + place["h"]), range(place["x"], place["x"] + place["w"])
    return {(x, y) for x in columns for y in rows}
