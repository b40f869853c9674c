"""A stage whose inputs are unchanged is not run again; one whose inputs or output have changed is."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from local.runs.harness import DATA, Place, stages_of


def prepare_of(result: dict[str, Any]) -> tuple[str, bool]:
    return stages_of(result)["prepare"]


def test_a_stage_with_unchanged_inputs_is_not_run_again(prepared: tuple[Place, dict[str, Any]], again: Place) -> None:
    made, reused_then = prepare_of(prepared[1])
    result = again.result({"data": DATA})
    assert not reused_then
    assert prepare_of(result) == (made, True)
    assert [path.name for path in (again.storage / "points" / "runs").iterdir()] == [made.split("/")[2]]
    assert (again.holds(), again.faults()) == ({"prepare Succeeded": 2}, [])


def changed_field(_again: Place, _made: str) -> dict[str, Any]:
    data = copy.deepcopy(DATA)
    data["split"]["seed"] = 2
    return data


def changed_file(again: Place, _made: str) -> dict[str, Any]:
    again.write_points(rows=201)
    return DATA


def damaged_output(again: Place, made: str) -> dict[str, Any]:
    """One bit of the greatest file flips: its size stays."""
    path = max((p for p in (again.storage / made).rglob("*") if p.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return DATA


def unfinished_output(again: Place, made: str) -> dict[str, Any]:
    (again.storage / made / "manifest.json").unlink()
    return DATA


@pytest.mark.parametrize("change", [changed_field, changed_file, damaged_output, unfinished_output])
def test_a_stage_is_run_again_when_its_inputs_or_its_output_have_changed(
    prepared: tuple[Place, dict[str, Any]], again: Place, change: Any
) -> None:
    made, _ = prepare_of(prepared[1])
    path, reused = prepare_of(again.result({"data": change(again, made)}))
    assert not reused
    assert path != made
    assert (again.storage / path / "manifest.json").is_file()
    assert (again.holds(), again.faults()) == ({"prepare Succeeded": 2}, [])
