"""A folder to run scripts in."""

import pytest

from local.runs.harness import Place


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.close()
