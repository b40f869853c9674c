"""What happens to a test that this machine lacks something for."""

from __future__ import annotations

import os

import pytest


def without(lacks: list[str], what: str) -> None:
    """Skip a test for what this machine lacks, or fail it where ULLAGE_REQUIRE_CLUSTER says that nothing may."""
    if not lacks:
        return
    told = f"{what} needs {'; '.join(lacks)}"
    if os.environ.get("ULLAGE_REQUIRE_CLUSTER"):
        pytest.fail(told)
    pytest.skip(told)
