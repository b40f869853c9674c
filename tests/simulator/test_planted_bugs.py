"""The simulator finds what it is there to find."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.judge import INVARIANTS
from simulator.planted import BUGS, Bug, hunt


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what.replace(" ", "-"))
def test_a_planted_bug_is_found_by_the_invariant_that_forbids_it(bug: Bug, tmp_path: Path) -> None:
    found = hunt(bug, tmp_path)
    assert found is not None
    assert found[1] in bug.caught_by
    assert bug.caught_by <= set(INVARIANTS)


def test_there_are_ten_planted_bugs_and_more() -> None:
    assert len({bug.instead for bug in BUGS}) >= 10


def test_a_bug_whose_line_is_gone_is_told(tmp_path: Path) -> None:
    bug = Bug("a line that is not there", "plan/decide.py", "no such line", "", frozenset(INVARIANTS))
    with pytest.raises(LookupError, match="plan/decide.py: expected once, found 0 times: 'no such line'"):
        bug.plant(tmp_path)
