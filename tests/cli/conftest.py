from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.datasets import csv_text, make_datasets
from cli.office import Office
from cli.workplace import Workplace


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """An empty folder."""
    return Workplace(tmp_path.resolve())


@pytest.fixture
def with_table(workplace: Workplace) -> Workplace:
    """A folder with the table ``t.csv`` in storage."""
    workplace.store("t.csv", csv_text())
    return workplace


@pytest.fixture(scope="session")
def prepared_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    storage = tmp_path_factory.mktemp("prepared") / "storage"
    make_datasets(storage)
    return storage


@pytest.fixture
def prepared(workplace: Workplace, prepared_storage: Path) -> Workplace:
    """A folder with prepared data sets in storage: jobs start at the train stage."""
    shutil.copytree(prepared_storage, workplace.workdir.storage)
    return workplace


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("ULLAGE_WORKDIR", "ULLAGE_LEDGER_URL", "ULLAGE_CLUSTER"):
        monkeypatch.delenv(name, raising=False)
    return Office(tmp_path)


@pytest.fixture
def vessel(office: Office) -> Office:
    """A folder with the books of the specification's worked example."""
    office.declare_vessel()
    office.hold_vessel()
    return office
