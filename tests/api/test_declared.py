"""Institutions, investments and price lists: one thing wrong, and nothing wrong."""

from __future__ import annotations

import copy
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ullage_operator.api import (
    FieldError,
    Institution,
    InvalidManifest,
    Investment,
    PriceList,
    TrainingJob,
    load,
    load_any,
    parse_as,
)
from ullage_operator.api.text import read_documents
from ullage_operator.api.types import Expression, Requirement, Selector, exactly

EXAMPLES = Path(__file__).parent / "examples"
NATIONAL = Path(__file__).parents[2] / "manifests/examples/national-programme"
KINDS = {"institution": Institution, "investment": Investment, "prices": PriceList}


def document(name: str) -> Any:
    [read], errors = read_documents((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert errors == []
    return read.value


CASES = document("books-cases")


def changed(manifest: Any, case: dict[str, Any]) -> Any:
    manifest = copy.deepcopy(manifest)
    *parents, last = [int(part) if part.isdigit() else part for part in case["set"].split(".")]
    at = manifest
    for part in parents:
        at = at[part]
    if "to" in case:
        at[last] = case["to"]
    else:
        del at[last]
    return manifest


@pytest.mark.parametrize("name", KINDS)
def test_a_whole_object_is_read_and_written_back_the_same(name: str) -> None:
    declared = parse_as(KINDS[name], document(name), source=name)
    again = declared.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert parse_as(KINDS[name], again, source=name) == declared


def place(fault: dict[str, Any]) -> str:
    return f"{fault['of']}.{fault['set']}={fault.get('to', 'absent')}"


@pytest.mark.parametrize("fault", CASES, ids=place)
def test_one_wrong_field_is_told_with_its_path_what_was_expected_and_what_was_found(fault: dict[str, Any]) -> None:
    with pytest.raises(InvalidManifest) as refused:
        parse_as(KINDS[fault["of"]], changed(document(fault["of"]), fault), source="x")
    assert [str(error) for error in refused.value.errors] == fault["says"]


def test_all_errors_of_all_kinds_are_told_at_once_each_with_its_line() -> None:
    text = (
        (EXAMPLES / "institution.yaml").read_text(encoding="utf-8").replace("kind: university", "kind: school")
        + "---\n"
        + (EXAMPLES / "investment.yaml").read_text(encoding="utf-8").replace("amount: 86", "amount: -86")
        + "---\napiVersion: ullage.dev/v1alpha1\nkind: Invesment\n"
        + "---\n"
        + (EXAMPLES / "prices.yaml").read_text(encoding="utf-8").replace("price: 18", "price: eighteen")
    )
    with pytest.raises(InvalidManifest) as refused:
        load_any(text, source="all.yaml")
    lines = text.splitlines()
    assert [(error.path, error.found, lines[(error.line or 0) - 1].strip()) for error in refused.value.errors] == [
        ("spec.kind", "'school'", "kind: school"),
        ("spec.lines[3].amount", "-86", "amount: -86"),
        ("kind", "'Invesment'", "kind: Invesment"),
        ("spec.entries[1].price", "'eighteen'", lines[-1].strip()),
    ]
    assert refused.value.errors[2] == FieldError(
        "kind",
        "one of TrainingJob, Institution, Investment, PriceList",
        "'Invesment'",
        "did you mean 'Investment'?",
        line=lines.index("kind: Invesment") + 1,
    )


def test_where_jobs_are_read_another_kind_is_refused() -> None:
    with pytest.raises(InvalidManifest) as refused:
        load((EXAMPLES / "prices.yaml").read_text(encoding="utf-8"), source="x")
    assert [str(error) for error in refused.value.errors] == [
        "kind (line 2): expected 'TrainingJob', found 'PriceList'"
    ]


def test_the_national_programme_is_of_five_institutions_two_investments_and_their_jobs() -> None:
    declared = [
        each for path in sorted(NATIONAL.glob("*.yaml")) for each in load_any(path.read_text("utf-8"), source=path.name)
    ]
    names = {
        kind: [each.metadata.name for each in declared if isinstance(each, kind)]
        for kind in (Institution, Investment, PriceList, TrainingJob)
    }
    assert names == {
        Institution: ["north", "south", "forge", "karoo", "fjord"],
        Investment: ["compute-vouchers", "people-and-money"],
        PriceList: ["tariff"],
        TrainingJob: ["north-digits", "south-digits", "forge-digits"],
    }


@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        ("In", ["a", "b"], [True, False, False]),
        ("NotIn", ["a", "b"], [False, True, True]),
        ("Exists", [], [True, True, False]),
        ("DoesNotExist", [], [False, False, True]),
    ],
)
def test_a_selector_means_what_it_means_to_kubernetes(operator: str, values: list[str], met: list[bool]) -> None:
    expression = Expression.model_validate({"key": "k", "operator": operator, "values": values})
    selector = Selector(match_expressions=[expression])
    assert [selector.selects(labels) for labels in ({"k": "a"}, {"k": "c"}, {"other": "a"})] == met
    both = Selector(match_labels={"x": "1"}, match_expressions=[expression])
    assert [both.selects(labels | {"x": "1"}) for labels in ({"k": "a"}, {"k": "c"}, {})] == met
    assert not both.selects({"k": "a", "x": "2"})


@given(tenths=st.integers(0, 10**15 - 1))
def test_an_amount_is_exactly_what_was_written(tenths: int) -> None:
    whole, tenth = divmod(tenths, 10)
    assert exactly(float(f"{whole}.{tenth}")) == Fraction(tenths, 10)


Days = st.tuples(st.integers(1, 28), st.integers(1, 28)).filter(lambda days: days[0] < days[1])


@given(periods=st.lists(Days, max_size=4))
def test_requirements_of_one_type_are_accepted_just_where_no_day_is_in_two_of_them(
    periods: list[tuple[int, int]],
) -> None:
    manifest = document("institution")
    manifest["spec"]["requires"] = [
        {"resource": "compute", "type": "A100", "unit": "acceleratorHours", "amount": 1}
        | {"from": f"2026-02-{start:02}", "to": f"2026-02-{end:02}"}
        for start, end in periods
    ]
    days = [day for start, end in periods for day in range(start, end)]
    if len(days) == len(set(days)):
        requires: list[Requirement] = parse_as(Institution, manifest, source="x").spec.requires
        assert [each.start for each in requires] == [date(2026, 2, start) for start, _ in periods]
    else:
        with pytest.raises(InvalidManifest, match="expected one requirement of A100 at a time"):
            parse_as(Institution, manifest, source="x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [at]
    if isinstance(value, dict):
        found += [place for key, item in value.items() for place in places(item, (*at, key))]
    if isinstance(value, list):
        found += [place for index, item in enumerate(value) for place in places(item, (*at, index))]
    return found


@settings(max_examples=300, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(KINDS)))
def test_a_mutated_object_is_valid_or_refused_in_our_own_words(data: st.DataObject, name: str) -> None:
    manifest = document(name)
    *parents, last = data.draw(st.sampled_from(places(manifest)[1:]))
    at = manifest
    for part in parents:
        at = at[part]
    at[last] = data.draw(JSON)
    try:
        declared = parse_as(KINDS[name], manifest, source="x")
    except InvalidManifest as invalid:
        text = str(invalid)
        assert invalid.errors  # noqa: PT017 - either end is right; what is told is what is tested
        assert not any(word in text for word in ("pydantic", "Input should", "Value error"))
    else:
        again = declared.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert parse_as(KINDS[name], again, source="x") == declared
