from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.runs.harness import DATA, MODEL, WORKERS, Place, stages_of


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A folder with a table of 200 rows in storage."""
    place = Place(tmp_path)
    place.write_points()
    yield place
    place.close()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, dict[str, Any]]]:
    """A folder in which the data set has been prepared once, and what that run printed."""
    place = Place(tmp_path_factory.mktemp("prepared"))
    place.write_points()
    yield place, place.result({"data": DATA})
    place.close()


@pytest.fixture
def again(prepared: tuple[Place, dict[str, Any]], tmp_path: Path) -> Iterator[Place]:
    """A copy of the folder in which the data set has been prepared."""
    shutil.copytree(prepared[0].workdir.path, tmp_path / "work")
    place = Place(tmp_path)
    yield place
    place.close()


@pytest.fixture(scope="session")
def trained(
    prepared: tuple[Place, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Place, dict[str, Any], str]]:
    """A folder in which two workers have trained, its path hard to quote; what that run printed, and said."""
    path = tmp_path_factory.mktemp("trained") / "100% of #1 & more?"
    path.mkdir()
    shutil.copytree(prepared[0].workdir.path, path / "work")
    place = Place(path)
    ended = place.run({"data": DATA, **MODEL, "workers": WORKERS}, "--replicas", "2", "-o", "json")
    assert ended.code == 0, ended.err
    yield place, json.loads(ended.out), ended.err
    place.close()


@pytest.fixture
def training(prepared: tuple[Place, dict[str, Any]], again: Place) -> Callable[..., tuple[Place, dict[str, Any]]]:
    """A folder with a prepared data set, and a job that starts at the train stage."""

    def make(**spec: Any) -> tuple[Place, dict[str, Any]]:
        dataset, _ = stages_of(prepared[1])["prepare"]
        return again, {**MODEL, "inputs": {"dataset": dataset}, **spec}

    return make
