"""YAML: syntax, duplicates, several documents, and the scalars of kubectl's reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ullage_operator.api import FieldError, InvalidManifest, load
from ullage_operator.api.text import MAX_TEXT_CHARACTERS, read_documents

HEADER = "apiVersion: ullage.dev/v1alpha1\nkind: TrainingJob\nmetadata: {name: a}\n"
WRITE = "write a manifest with apiVersion, kind, metadata and spec"
SPEC = "spec: {inputs: {dataset: d}, model: {mlp: {}}}\n"


def errors_of(text: str) -> tuple[FieldError, ...]:
    with pytest.raises(InvalidManifest) as refused:
        load(text, source="job.yaml")
    return refused.value.errors


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: [1", FieldError("", "valid YAML", "expected ',' or ']', but got '<stream end>' at column 6", line=1)),
        (
            "a:\n\t- b",
            FieldError(
                "",
                "valid YAML",
                "character '\\t' that cannot start any token at column 1",
                "indent with spaces",
                line=2,
            ),
        ),
        ("a: b: c", FieldError("", "valid YAML", "mapping values are not allowed here at column 5", line=1)),
        ("a: 1\nb: *c", FieldError("", "valid YAML", "undefined alias 'c' at column 4", line=2)),
        ("a: 1\nb: \x00", FieldError("", "printable characters", "the character U+0000", line=2)),
        ("[" * 5000, FieldError("", "YAML nested at most some hundred levels deep", "more levels")),
        ("", FieldError("", "a TrainingJob", "nothing", WRITE)),
        (
            "---\n# nothing\n---\n",
            FieldError("", "a TrainingJob", "nothing", WRITE),
        ),
        ("- 1", FieldError("", "a map of apiVersion, kind, metadata, spec", "a list of 1", line=1)),
    ],
)
def test_a_text_that_is_no_manifest_is_told_with_its_line(text: str, error: FieldError) -> None:
    assert errors_of(text) == (error,)


def test_a_python_object_is_not_made() -> None:
    [error] = errors_of("a: !!python/object/apply:os.getcwd []")
    assert (error.expected, error.line) == ("valid YAML", 1)


def test_a_field_that_stands_twice_is_told_with_both_lines() -> None:
    text = HEADER + "spec:\n  inputs: {dataset: d}\n  model: {mlp: {}}\n  inputs: {dataset: e}\n"
    assert errors_of(text) == (
        FieldError("spec.inputs", "each field once", "'inputs' on line 5 and again", "take one out", line=7),
    )


def test_several_documents_are_several_jobs() -> None:
    jobs = load(f"{HEADER}{SPEC}---\n---\n{HEADER.replace('a}', 'b}')}{SPEC}", source="x")
    assert [job.metadata.name for job in jobs] == ["a", "b"]


def test_errors_of_all_documents_are_told_together() -> None:
    errors = errors_of(f"{HEADER}spec: {{}}\n---\n{HEADER}{SPEC}\n---\nkind: Pod\n---\na: [")
    assert [(error.path, error.expected, error.line) for error in errors] == [
        ("spec", "at least one of data, model, script, quantize", 4),
        ("apiVersion", "'ullage.dev/v1alpha1'", 12),
        ("kind", "'TrainingJob'", 12),
        ("", "valid YAML", 14),
    ]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("1e-3", 0.001),
        ("1e3", 1000.0),
        ("1.", 1.0),
        ("0x10", 16),
        ("0o17", 15),
        ("010", 8),
        ("1_000", 1000),
        ("no", False),
        ("y", True),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ("~", None),
        ("NaN", "NaN"),
    ],
)
def test_scalars_mean_what_they_mean_to_kubectl(scalar: str, value: object) -> None:
    [document], errors = read_documents(f"a: {scalar}")
    assert (document.value, errors) == ({"a": value}, [])


def test_aliases_that_grow_without_bound_are_refused() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    [error] = errors_of("\n".join(lines))
    assert error.expected == "at most 50000 values, nested at most 64 levels deep"


def test_an_alias_of_itself_is_refused() -> None:
    [error] = errors_of("a: &a [*a]")
    assert error.expected == "at most 50000 values, nested at most 64 levels deep"


def test_merged_maps_are_followed() -> None:
    text = f"{HEADER}spec:\n  inputs: &i {{dataset: d}}\n  model: {{mlp: {{}}}}\n  quantize: {{}}\n"
    merged = text.replace("quantize: {}", "workers: {<<: {replicas: 3}, slotsPerWorker: 2}")
    [job] = load(merged, source="x")
    assert (job.spec.workers.replicas, job.spec.workers.slots_per_worker) == (3, 2)


def test_a_text_that_the_api_server_would_not_store_is_refused() -> None:
    [error] = errors_of("a" * (MAX_TEXT_CHARACTERS + 1))
    assert error.expected == f"a text of at most {MAX_TEXT_CHARACTERS} characters"


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("ab:{}[],&*!-#'\"\n\t |>%@0."), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert errors_of(text)


@settings(max_examples=100, deadline=None)
@given(start=st.integers(0, 900), length=st.integers(1, 30), insert=st.text(max_size=5))
def test_a_damaged_manifest_is_read_or_refused(start: int, length: int, insert: str) -> None:
    text = (Path(__file__).parent / "examples" / "full.yaml").read_text(encoding="utf-8")
    try:
        assert load(text[:start] + insert + text[start + length :], source="x")
    except InvalidManifest as invalid:
        assert invalid.errors  # noqa: PT017 - either end is right
