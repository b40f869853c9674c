"""One thing wrong, many things wrong, and nothing wrong."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ullage_operator.api import FieldError, InvalidManifest, load, parse
from ullage_operator.api.types import StageStatus, TrainingJob
from ullage_trainer.config import Stage, Usage


def errors_of(document: object) -> tuple[FieldError, ...]:
    with pytest.raises(InvalidManifest) as refused:
        parse(document, source="job.yaml")
    return refused.value.errors


def changed(manifest: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    manifest = copy.deepcopy(manifest)
    *parents, last = [int(part) if part.isdigit() else part for part in case["set"].split(".")]
    at: Any = manifest
    for part in parents:
        at = at[part]
    if "to" in case:
        at[last] = case["to"]
    else:
        del at[last]
    return manifest


def test_one_wrong_field_is_told_with_its_path_what_was_expected_and_what_was_found(
    full: dict[str, Any], case: dict[str, Any]
) -> None:
    assert [str(error) for error in errors_of(changed(full, case))] == case["says"]


def test_all_errors_are_told_at_once_each_with_its_line(examples: Path) -> None:
    with pytest.raises(InvalidManifest) as refused:
        load((examples / "broken.yaml").read_text(encoding="utf-8"), source="broken.yaml")
    assert f"{refused.value}\n" == (examples / "broken.txt").read_text(encoding="utf-8")


def test_a_rule_over_several_fields_is_told_beside_an_unknown_field(full: dict[str, Any]) -> None:
    full["spec"]["training"] |= {"epoch": 1, "optimizer": {"momentum": 0.5, "lr": 1}}
    assert [(error.path, error.expected) for error in errors_of(full)] == [
        ("spec.training.optimizer.lr", "a known field"),
        ("spec.training.epoch", "a known field"),
        ("spec.training.optimizer", "momentum only with sgd or rmsprop"),
    ]


def test_what_stages_lack_is_told_beside_a_wrong_type(full: dict[str, Any]) -> None:
    del full["spec"]["data"]
    full["spec"]["workers"]["replicas"] = "two"
    assert [(error.path, error.expected, error.found) for error in errors_of(full)] == [
        ("spec.workers.replicas", "a whole number", "'two'"),
        ("spec", "data or inputs.dataset beside model", "neither"),
        ("spec", "data or inputs.dataset beside quantize", "neither"),
    ]


def test_of_an_object_of_another_kind_only_that_is_told() -> None:
    assert errors_of({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}) == (
        FieldError("apiVersion", "'ullage.dev/v1alpha1'", "'v1'"),
        FieldError("kind", "'TrainingJob'", "'Pod'"),
    )


@pytest.mark.parametrize(
    ("value", "expected", "found"),
    [
        (math.nan, "a finite number", "nan"),
        (2**63, "a whole number of at most 64 bits", "a greater one"),
        ({1, 2}, "a map, a list, text, a number, true, false or null", "a Python set"),
        ("\ud800", "text", "a lone surrogate, which no text has"),
    ],
)
def test_what_json_can_not_say_is_told_once(minimal: dict[str, Any], value: object, expected: str, found: str) -> None:
    minimal["spec"]["training"] = {"epochs": value}
    assert errors_of(minimal) == (FieldError("spec.training.epochs", expected, found),)


def test_a_key_that_is_no_text_is_told(minimal: dict[str, Any]) -> None:
    minimal["spec"]["workers"] = {1: 2}
    assert errors_of(minimal) == (FieldError("spec.workers[1]", "text as a key", "1", "write the key in quotes"),)


def test_a_null_is_an_absent_field_as_it_is_to_the_api_server(minimal: dict[str, Any]) -> None:
    with_nulls = copy.deepcopy(minimal)
    with_nulls["spec"] |= {"training": None, "data": None, "workers": {"replicas": None}}
    assert parse(with_nulls, source="x") == parse(minimal, source="x")


def test_a_whole_number_written_with_a_point_is_one_as_it_is_to_the_api_server(minimal: dict[str, Any]) -> None:
    minimal["spec"]["training"] = {"epochs": 3.0}
    assert parse(minimal, source="x").spec.training.epochs == 3


def test_a_null_in_a_field_that_there_is_not_is_told_as_the_api_server_tells_it(minimal: dict[str, Any]) -> None:
    minimal["metadata"]["creationTimestamp"] = None  # The API server's own: clients write it so.
    minimal["spec"]["workers"] = {"replica": None}
    with pytest.raises(InvalidManifest) as refused:
        parse(minimal, source="x")
    assert [str(error) for error in refused.value.errors] == [
        "spec.workers.replica: expected a known field, found 'replica'; did you mean 'replicas'?"
    ]


def test_a_null_among_the_users_own_arguments_stays(full: dict[str, Any]) -> None:
    job = parse(full, source="x")
    assert job.spec.model is not None
    assert job.spec.model.arguments == {"units": [64, 32], "activation": None, "nested": {"dropout": 0.1}}


@pytest.mark.parametrize(
    ("spec", "stages"),
    [
        ({"inputs": {"dataset": "d"}, "model": {"mlp": {}}}, (Stage.TRAIN,)),
        ({"inputs": {"dataset": "d", "trained": "t"}, "quantize": {}}, (Stage.QUANTIZE,)),
        ({"inputs": {"dataset": "d"}, "model": {"cnn": {}}, "quantize": {}}, (Stage.TRAIN, Stage.QUANTIZE)),
    ],
)
def test_a_stage_runs_where_its_part_is_given(
    minimal: dict[str, Any], spec: dict[str, Any], stages: tuple[Stage, ...]
) -> None:
    assert parse({**minimal, "spec": spec}, source="x").spec.stages == stages


def test_all_three_stages_run_in_order(full: dict[str, Any]) -> None:
    assert parse(full, source="x").spec.stages == (Stage.PREPARE, Stage.TRAIN, Stage.QUANTIZE)


@pytest.mark.parametrize("exclude_none", [True, False])
def test_a_job_written_out_and_read_again_is_the_same(full: dict[str, Any], *, exclude_none: bool) -> None:
    job = parse(full, source="x")
    assert parse(job.model_dump(mode="json", by_alias=True, exclude_none=exclude_none), source="x") == job


def test_metadata_that_the_api_server_adds_is_no_error(minimal: dict[str, Any]) -> None:
    minimal["metadata"] |= {"managedFields": [{"manager": "kubectl"}], "uid": "u", "generation": 3, "selfLink": ""}
    metadata = parse(minimal, source="x").metadata
    assert (metadata.name, metadata.uid, metadata.generation) == ("digits", "u", 3)


def test_defaults_are_those_of_the_documentation(minimal: dict[str, Any]) -> None:
    spec = parse(minimal, source="x").spec
    assert spec.workers.resources.train.requests == {"cpu": "1", "memory": "2Gi"}
    assert (spec.workers.replicas, spec.workers.slots_per_worker, spec.run_policy.max_restarts) == (1, 1, 3)
    assert spec.workers.template.termination_grace_period_seconds == 30


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    places = [at]
    if isinstance(value, dict):
        places += [place for key, item in value.items() for place in _places(item, (*at, key))]
    if isinstance(value, list):
        places += [place for index, item in enumerate(value) for place in _places(item, (*at, index))]
    return places


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_manifest_is_a_job_or_an_invalid_manifest_and_never_another_error(
    full: dict[str, Any], data: st.DataObject
) -> None:
    manifest: Any = copy.deepcopy(full)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([place for place in _places(manifest) if place]))
        at = manifest
        for part in place[:-1]:
            at = at[part]
        if isinstance(at, dict) and data.draw(st.booleans()):
            at[data.draw(st.sampled_from(["name", "Name", "epochs", "x"]))] = data.draw(JSON)
        else:
            at[place[-1]] = data.draw(JSON)
    try:
        job = parse(manifest, source="x")
    except InvalidManifest as invalid:
        text = str(invalid)
        assert invalid.errors  # noqa: PT017 - either end is right; what is told is what is tested
        assert "pydantic" not in text
        assert "Input should" not in text
        assert "Value error" not in text
    else:
        assert isinstance(job, TrainingJob)
        assert parse(job.model_dump(mode="json", by_alias=True), source="x") == job


@settings(max_examples=300, deadline=None)
@given(document=JSON)
def test_any_document_is_refused_in_our_own_words(document: object) -> None:
    assert errors_of(document)


def test_a_status_is_read_as_it_was_written_with_operations_beyond_64_bits(minimal: dict[str, Any]) -> None:
    job = parse(minimal, source="x")
    usage = Usage(samples=7, flop=10**23)
    status = job.status.model_copy(update={"usage": usage, "stages": [StageStatus(name=Stage.TRAIN, usage=usage)]})
    written = job.model_copy(update={"status": status}).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert written["status"]["usage"]["flop"] == "100000000000000000000000"
    assert parse(written, source="x").status == status
