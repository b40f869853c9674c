"""What objects say against each other is told with the object, the field, and what to do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ullage_operator.api import Declarations, Institution, TrainingJob, contradictions, load_any, parse_as
from ullage_operator.api.parse import KINDS, Declared
from ullage_operator.api.text import read_documents

NATIONAL = Path(__file__).parents[2] / "manifests/examples/national-programme"
LABELS = {name: {"ullage.dev/institution": name} for name in ("north", "south", "forge")}

Documents = dict[tuple[str, str], Any]


def documents() -> Documents:
    """Return the example's manifests by kind and name."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(NATIONAL.glob("*.yaml"))]
    values: list[Any] = [document.value for text in texts for document in read_documents(text)[0]]
    return {(value["kind"], value["metadata"]["name"]): value for value in values}


def declared(values: Documents, namespaces: dict[str, dict[str, str]] | None = None) -> Declarations:
    kinds: dict[str, type[Declared]] = {kind.__name__: kind for kind in KINDS}
    objects = [parse_as(kinds[kind], value, source="x") for (kind, _), value in values.items()]
    return Declarations.of(objects, namespaces)


def said(change: Callable[[Documents], None], namespaces: dict[str, dict[str, str]] | None = None) -> list[str]:
    values = documents()
    change(values)
    return [str(contradiction) for contradiction in contradictions(declared(values, namespaces))]


def nothing(_: Documents) -> None:
    return


def spec(values: Documents, kind: str, name: str) -> Any:
    return values[kind, name]["spec"]


def test_the_national_programme_has_no_contradictions() -> None:
    assert said(nothing) == []
    assert said(nothing, LABELS) == []


def unknown_beneficiary(values: Documents) -> None:
    spec(values, "Investment", "compute-vouchers")["lines"][0]["beneficiary"] = "nroth"


def unknown_partners(values: Documents) -> None:
    lines = spec(values, "Investment", "people-and-money")["lines"]
    lines[1]["collaboration"]["partner"] = "foundry"
    lines[2]["exchange"]["to"] = "elsewhere"


def pool_of_none(values: Documents) -> None:
    line = spec(values, "Investment", "people-and-money")["lines"][0]
    del line["beneficiary"]
    line["beneficiarySelector"] = {"matchLabels": {"region": "east"}}


def id_twice(values: Documents) -> None:
    again = copy.deepcopy(values["Institution", "karoo"])
    again["metadata"]["name"] = "karoo-again"
    values["Institution", "karoo-again"] = again


def asset_twice(values: Documents) -> None:
    spec(values, "Institution", "fjord")["holds"]["data"][0]["assetId"] = "north-corpus"


def unknown_sharer(values: Documents) -> None:
    spec(values, "Institution", "north")["holds"]["data"][0]["sharedWith"] = ["south", "west"]


def bought_with(name: str, line: str) -> Callable[[Documents], None]:
    def change(values: Documents) -> None:
        machines = spec(values, "Institution", "south")["holds"]["accelerators"][0]
        machines["acquiredBy"] = {"name": name, "line": line, "cost": 5000}

    return change


def bought_with_anothers_money(values: Documents) -> None:
    machines = spec(values, "Institution", "forge")["holds"]["accelerators"][0]
    machines["acquiredBy"] = {"name": "people-and-money", "line": "south-money", "cost": 5000}


def more_leave_than_there_are(values: Documents) -> None:
    talent = spec(values, "Institution", "north")["holds"]["talent"]
    talent[1]["to"] = "2026-12-01"
    spec(values, "Investment", "people-and-money")["lines"][2]["exchange"]["headcount"] = 4


def they_leave_in_turn(values: Documents) -> None:
    lines = spec(values, "Investment", "people-and-money")["lines"]
    first = lines[2]["exchange"]
    first["headcount"] = 3
    again = copy.deepcopy(lines[2]) | {"id": "north-abroad-again"}
    again["exchange"] |= {"departs": "2026-11-18", "returns": "2026-11-20"}
    lines.append(again)
    lines.append(copy.deepcopy(lines[2]) | {"id": "north-abroad-at-once"})
    lines[-1]["exchange"]["headcount"] = 1
    lines[-1]["exchange"] |= {"departs": "2026-11-19", "returns": "2026-11-20"}


def no_price_list(values: Documents) -> None:
    spec(values, "Investment", "people-and-money")["priceListRef"]["name"] = "tarif"


def other_currency(values: Documents) -> None:
    for entry in spec(values, "PriceList", "tariff")["entries"]:
        entry["currency"] = "USD"


def job_of_nobody(values: Documents) -> None:
    spec(values, "TrainingJob", "south-digits")["accounting"]["institution"] = "sout"


def job_on_a_course(values: Documents) -> None:
    spec(values, "TrainingJob", "north-digits")["accounting"]["investment"] = {
        "name": "people-and-money",
        "line": "north-course",
    }


def job_that_is_not_eligible(values: Documents) -> None:
    line = spec(values, "Investment", "compute-vouchers")["lines"][0]
    line["eligible"] = {"programmes": ["national-programme"], "modelFamilies": ["speech", "vision"]}


CHANGES: dict[str, Callable[[Documents], None]] = {
    "unknown beneficiary": unknown_beneficiary,
    "unknown partners": unknown_partners,
    "pool of none": pool_of_none,
    "id twice": id_twice,
    "asset twice": asset_twice,
    "unknown sharer": unknown_sharer,
    "bought with an unknown investment": bought_with("peple-and-money", "south-money"),
    "bought with an unknown line": bought_with("people-and-money", "south-mony"),
    "bought with no money": bought_with("compute-vouchers", "south-a100"),
    "bought with another's money": bought_with_anothers_money,
    "more leave than there are": more_leave_than_there_are,
    "they leave in turn": they_leave_in_turn,
    "unknown price list": no_price_list,
    "other currency": other_currency,
    "job of nobody": job_of_nobody,
    "job on a course": job_on_a_course,
    "job that is not eligible": job_that_is_not_eligible,
}
[SAYS], _ = read_documents((Path(__file__).parent / "examples/together.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CHANGES)
def test_a_contradiction_is_told_at_the_object_to_correct(name: str) -> None:
    says: Any = SAYS.value
    assert said(CHANGES[name]) == says[name]


def test_a_namespace_of_two_institutions_is_told_at_both() -> None:
    def change(values: Documents) -> None:
        spec(values, "Institution", "south")["namespaceSelector"] = {
            "matchExpressions": [{"key": "ullage.dev/institution", "operator": "In", "values": ["north", "south"]}]
        }

    assert said(change, LABELS)[:2] == [
        f"Institution {name}: spec.namespaceSelector: expected namespaces of this institution alone, found 'north', "
        f"which Institution {other} selects too; change one of the selectors or a label"
        for name, other in (("north", "south"), ("south", "north"))
    ]


def test_a_job_that_claims_another_institution_than_its_namespaces_is_told() -> None:
    def change(values: Documents) -> None:
        spec(values, "TrainingJob", "south-digits")["accounting"] = {"institution": "north"}

    where, end = "TrainingJob south-digits: spec.accounting.institution", "found 'north'; take it out, or move the job"
    assert said(change, LABELS) == [f"{where}: expected 'south', the institution of namespace south, {end}"]
    unowned = LABELS | {"south": {}}
    assert said(change, unowned) == [f"{where}: expected an institution that selects namespace south, {end}"]


def test_a_jobs_institution_is_its_namespaces_and_what_it_names_only_where_that_can_not_be_told() -> None:
    values = documents()
    job = parse_as(TrainingJob, values["TrainingJob", "south-digits"], source="x")
    everything = declared(values)
    assert [
        Declarations(everything.institutions, namespaces=namespaces).institution_of(job)
        for namespaces in ({}, LABELS, {"south": {"ullage.dev/institution": "north"}}, {"south": {}})
    ] == ["south", "south", "north", None]
    assert Declarations(namespaces={"south": {}}).institution_of(job) == "south"


def test_a_line_by_selector_is_for_all_institutions_that_have_the_labels() -> None:
    values = documents()
    line = spec(values, "Investment", "people-and-money")["lines"][0]
    del line["beneficiary"]
    line["beneficiarySelector"] = {"matchLabels": {"region": "north"}}
    everything = declared(values)
    [_, investment] = everything.investments
    assert [everything.beneficiaries(each) for each in investment.spec.lines] == [
        ("north", "forge"),
        ("south",),
        ("north",),
        ("north",),
    ]


def test_of_two_with_the_same_id_the_first_counts() -> None:
    text = (NATIONAL / "institutions.yaml").read_text(encoding="utf-8")
    first, *_ = (each for each in load_any(text, source="x") if isinstance(each, Institution))
    later = first.model_copy(update={"metadata": first.metadata.model_copy(update={"name": "later"})})
    assert Declarations.of([first, later]).institutions_by_id == {"north": first}
