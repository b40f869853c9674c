"""The CRDs are structural, bounded, documented, and mirror every rule that the types have."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ullage_operator.api.crd import KINDS, Kind, definition
from ullage_operator.api.crd.__main__ import files, main
from ullage_operator.api.crd.rules import LIST_KEYS, RULES
from ullage_operator.api.crd.structural import STORAGE_PATH_PATTERN, Schema, UnknownKeywordError, structural
from ullage_operator.api.types import WorkerTemplate
from ullage_trainer.config import Model, StoragePath

VALUE_KEYWORDS = {
    "description", "default", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxItems", "maxLength",
    "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "pattern", "required", "type",
    "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-validations",
}  # fmt: skip


TRAINING_JOB, INSTITUTION, INVESTMENT, PRICE_LIST = KINDS
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def schema(kind: Kind = TRAINING_JOB) -> Schema:
    root: Schema = definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return root


def nodes(at: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, at
    for name, child in at.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in at:
            yield from nodes(at[keyword], f"{path}{mark}")


def models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Return a type and all types that its fields are made of."""
    if model not in seen:
        seen.add(model)
        todo: list[Any] = [field.annotation for field in model.model_fields.values()]
        while todo:
            annotation = todo.pop()
            todo += typing.get_args(annotation)
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                models(annotation, seen)
    return seen


@each_kind
def test_every_node_is_structural(kind: Kind) -> None:
    for path, node in nodes(schema(kind)):
        keys = node.keys() - VALUE_KEYWORDS - {"properties", "items", "additionalProperties"}
        if "x-kubernetes-int-or-string" in node:
            assert keys == {"x-kubernetes-int-or-string", "anyOf"}, path
            assert node["anyOf"] == [{"type": "integer"}, {"type": "string"}], path
            assert "type" not in node, path
        elif "x-kubernetes-preserve-unknown-fields" in node:
            assert keys == {"x-kubernetes-preserve-unknown-fields"}, path
        else:
            assert (keys, "type" in node) == (set(), True), path
        assert not {"properties", "additionalProperties"} <= node.keys(), path
        assert all(isinstance(node.get(flag, True), bool) for flag in ("exclusiveMinimum", "exclusiveMaximum")), path


@each_kind
def test_every_text_list_and_map_is_bounded(kind: Kind) -> None:
    unbounded = [
        path
        for path, node in nodes(schema(kind))
        if (node.get("type") == "string" and not node.keys() & {"maxLength", "enum", "format"})
        or (node.get("type") == "array" and "maxItems" not in node)
        or (node.get("type") == "object" and not node.keys() & {"properties", "maxProperties"})
    ]
    # These three are the API server's own.
    assert unbounded == [".apiVersion", ".kind", ".metadata"]


@each_kind
def test_every_field_has_a_description(kind: Kind) -> None:
    named = [(path, node) for path, node in nodes(schema(kind)) if re.search(r"\.\w+$", path) and path != ".metadata"]
    assert [path for path, node in named if not node.get("description")] == []


def test_defaults_are_those_of_the_types_and_hold_no_null() -> None:
    def holds_null(value: object) -> bool:
        return value is None or (isinstance(value, dict) and any(map(holds_null, value.values())))

    every = [
        (kind.name, path, node["default"]) for kind in KINDS for path, node in nodes(schema(kind)) if "default" in node
    ]
    assert [(kind, path) for kind, path, default in every if holds_null(default)] == []
    defaults = {path: default for kind, path, default in every if kind == "TrainingJob"}
    assert defaults[".spec.workers.replicas"] == 1
    assert defaults[".spec.workers.resources.train.requests"] == {"cpu": "1", "memory": "2Gi"}
    assert defaults[".spec.training.optimizer"] == {"name": "adam", "learningRate": 0.001}


def test_every_validator_of_the_types_has_a_rule_or_a_reason() -> None:
    declared = {
        (model, name)
        for kind in KINDS
        for model in models(kind.model, set())
        for declared in (model.__pydantic_decorators__.model_validators, model.__pydantic_decorators__.field_validators)
        for name in declared
    }
    assert set(RULES) == declared


def test_every_rule_and_every_list_key_has_its_place_in_the_schema() -> None:
    lists = [
        tuple(node["x-kubernetes-list-map-keys"])
        for kind in KINDS
        for _, node in nodes(schema(kind))
        if "x-kubernetes-list-map-keys" in node
    ]
    assert sorted(lists) == sorted(LIST_KEYS.values())
    spec = schema()["properties"]["spec"]
    assert [rule["message"] for rule in spec["x-kubernetes-validations"]] == [
        "expected at least one of data, model, script, quantize",
        "expected at most one of model, script",
        "expected data or inputs.dataset beside model",
        "expected data or inputs.dataset beside quantize",
        "expected model or inputs.trained beside quantize",
        "expected training.globalBatchSize of at least workers.replicas x workers.slotsPerWorker",
        "expected data.virtualShards of at least workers.replicas x workers.slotsPerWorker",
    ]


def test_what_started_does_not_change() -> None:
    placed = [rule["fieldPath"] for rule in schema()["x-kubernetes-validations"] if "fieldPath" in rule]
    assert placed == [
        ".spec.data",
        ".spec.inputs",
        ".spec.model",
        ".spec.script",
        ".spec.training",
        ".spec.storage",
        ".spec.workers",
        ".spec.image",
    ]  # fmt: skip


@settings(max_examples=500)
@given(path=st.text(alphabet=st.sampled_from("./a\0\n"), max_size=8))
def test_the_pattern_of_paths_says_what_the_type_says(path: str) -> None:
    try:
        TypeAdapter(StoragePath).validate_python(path)
    except ValidationError:
        is_path = False
    else:
        is_path = True
    assert (re.fullmatch(STORAGE_PATH_PATTERN, path) is not None) is is_path


def test_printer_columns_and_names_are_what_users_see() -> None:
    seen = {}
    for kind in KINDS:
        spec = definition(kind)["spec"]
        [version] = spec["versions"]
        columns = " ".join(column["name"] for column in version["additionalPrinterColumns"])
        seen[kind.name] = (*spec["names"]["shortNames"], spec["scope"], columns, "subresources" in version)
    assert seen == {
        "TrainingJob": ("tj", "Namespaced", "Status Stage Progress ETA Age", True),
        "Institution": ("inst", "Cluster", "Id Country Kind Bottleneck Coverage Period Age", True),
        "Investment": ("inv", "Cluster", "Funder From To Status Spent Age", True),
        "PriceList": ("prices", "Cluster", "Age", False),
    }


@each_kind
def test_columns_show_fields_that_there_are(kind: Kind) -> None:
    paths = {path for path, _ in nodes(schema(kind))} | {".metadata.creationTimestamp"}
    assert {path for _, _, path, _ in kind.columns} <= paths


def test_an_institutions_id_and_a_price_never_change() -> None:
    placed = {
        kind.name: [rule["fieldPath"] for rule in schema(kind)["x-kubernetes-validations"] if "fieldPath" in rule]
        for kind in (INSTITUTION, INVESTMENT, PRICE_LIST)
    }
    assert placed == {"Institution": [".spec.id"], "Investment": [], "PriceList": [".spec.entries"]}


def test_host_access_is_not_in_the_template() -> None:
    text = yaml.safe_dump(structural(WorkerTemplate, lambda _name, _schema: None))
    assert re.findall(r"hostPath|hostNetwork|hostPID|hostIPC|privileged|securityContext", text) == []


class Unbounded(Model):
    """A text without a bound."""

    text: str


class Dated(Model):
    """A number of multiples, which structural schemas can say but the converter does not know."""

    number: Annotated[int, Field(multiple_of=3)]


class Mixed(Model):
    """A union of a type and a list."""

    value: Annotated[str, Field(max_length=3)] | Annotated[list[int], Field(max_length=3)]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Unbounded, r"Unbounded\.text: expected a bound on the size of the string, found none"),
        (Dated, r"Dated\.number: expected keywords that a structural schema can say, found \['multipleOf'\]"),
        (Mixed, r"Mixed\.value: expected a union of one type and null, or of scalars, found"),
    ],
)
def test_what_the_converter_does_not_know_it_refuses(model: type[BaseModel], message: str) -> None:
    def nothing(_name: str, _schema: Schema) -> None:
        return

    decorate: Callable[[str, Schema], None] = nothing
    with pytest.raises(UnknownKeywordError, match=message):
        structural(model, decorate)


def test_the_files_in_the_repository_are_what_the_types_say() -> None:
    root = Path(__file__).parents[2]
    assert {path: (root / path).read_text(encoding="utf-8") for path in files()} == files()
    listed = yaml.safe_load((root / "manifests/crd/kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert sorted(listed) == sorted(path.name for path in files() if path.parts[0] == "manifests")


def test_drift_is_told_with_what_to_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drift = "".join(
        f"{tmp_path / path} is not what the types say; run: python -m ullage_operator.api.crd\n" for path in files()
    )
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert capsys.readouterr().err == drift
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0
    path = tmp_path / "helm/ullage/files/investments.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("inv", "job"), encoding="utf-8")
    assert main(["--check", "--root", str(tmp_path)]) == 1
