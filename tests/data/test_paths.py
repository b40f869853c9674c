from __future__ import annotations

from pathlib import Path

import pytest

from ullage_trainer.config import ConfigError, InputMissing
from ullage_trainer.paths import existing_file, resolve


def test_a_path_resolves_within_storage(tmp_path: Path) -> None:
    assert resolve(tmp_path, "a/./b/../c") == tmp_path.resolve() / "a" / "c"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "link/x"])
def test_a_path_that_leads_out_of_storage_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="expected a path inside the storage directory"):
        resolve(root, path)


def test_a_missing_file_is_named_with_its_field_and_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "near.csv").touch()
    with pytest.raises(InputMissing) as caught:
        existing_file(tmp_path, "far.csv", field="data.sources[0].csv.paths[0]")
    assert str(caught.value) == (
        "data.sources[0].csv.paths[0]: expected a file at 'far.csv' in storage, found none "
        "(its folder holds near.csv); "
        "put it there, or correct the path (paths are relative to the storage directory)"
    )


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputMissing, match="found a directory"):
        existing_file(tmp_path, "folder", field="x")
