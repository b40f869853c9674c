from __future__ import annotations

from pathlib import Path

import pytest

from data.support import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    (tmp_path / "root").mkdir()
    return Storage(tmp_path / "root", tmp_path / "output")
