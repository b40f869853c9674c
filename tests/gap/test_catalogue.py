"""The catalogue of published trainings, and comparisons with it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gap.vessel import figure, measured
from ullage_operator.api.errors import InvalidManifest
from ullage_operator.gap import (
    Cited,
    Figure,
    Footprint,
    Provenance,
    compare,
    emitted,
    energy_kind,
    footprint,
    landmark_footprint,
    load_catalogue,
    published,
    published_hours,
    with_own,
)

PUBLISHED = published()
OWN = """
version: 1
models:
  - {id: mine, name: Mine, family: transformer, year: 2026,
     parameters: {value: 1e9, source: us}, data: {value: 2e10, unit: tokens, source: us}}
"""
BROKEN = """\
version: 2
models:
  - id: A B
    name: x
    family: transformr
    year: 2020
    parameters: {value: -1, source: me}
    activeParameters: {value: 3, source: me, low: 4}
    datum: 3
"""
JOB = Footprint(
    name="job",
    parameters=Cited(figure(10**8), "the job"),
    data=Cited(measured(10**9), "the job", kind="tokens"),
    accelerator_hours=Cited(measured(100), "the books", kind="A100"),
    energy_kilowatt_hours=Cited(measured(50), "the books", kind=energy_kind(Fraction(1))),
    it_energy_kilowatt_hours=Cited(measured(50), "the books"),
)


def test_published_operations_hours_energy_and_emissions_are_those_of_the_sources() -> None:
    flop = {model.id: model.flop.value for model in PUBLISHED.models if model.flop}
    hours = {
        model.id: (model.accelerator_hours.value, model.accelerator_hours.accelerator)
        for model in PUBLISHED.models
        if model.accelerator_hours
    }
    energy = {model.id: (model.energy.kilowatt_hours, model.energy.pue) for model in PUBLISHED.models if model.energy}
    emissions = {model.id: model.emissions.tonnes for model in PUBLISHED.models if model.emissions}
    assert flop == {"gpt-3": 3.14e23, "llama-3.1-405b": 3.8e25, "deepseek-v3": 3.29e24, "mnist-mlp": 3.659e10}
    assert hours == {
        "bloom": (1_082_990, "A100"),
        "llama-65b": (1_022_362, "A100"),
        "llama-2-70b": (1_720_320, "A100"),
        "llama-3.1-405b": (30.84e6, "H100"),
        "deepseek-v3": (2.788e6, "H800"),
    }
    assert energy == {"bloom": (433_196, 1), "llama-65b": (449_800, 1.1)}
    assert emissions == {"bloom": 24.7, "llama-65b": 173.2, "llama-2-70b": 291.42, "llama-3.1-405b": 8930}


def test_published_emissions_are_energy_times_the_grid() -> None:
    for model in PUBLISHED.models:
        if model.energy and model.emissions and model.emissions.grams_per_kilowatt_hour:
            grid = Fraction(model.emissions.grams_per_kilowatt_hour)
            found = emitted(figure(Fraction(model.energy.kilowatt_hours)), grid)
            assert float(found.value) == pytest.approx(model.emissions.tonnes, rel=1e-3)


def test_operations_follow_from_size_for_transformers_alone_and_of_experts_count_the_active() -> None:
    deepseek, mlp = PUBLISHED.model_of("deepseek-v3"), PUBLISHED.model_of("mnist-mlp")
    assert deepseek is not None
    assert mlp is not None
    derived = deepseek.model_copy(update={"flop": None}).training_flop
    assert derived == Figure(Fraction("3.2856e24"), Provenance.ESTIMATED)
    assert mlp.model_copy(update={"flop": None}).training_flop is None
    # 101,632 weights (784 x 128 + 128 x 10) of 101,770 parameters take part in products.
    assert float(6 * (784 * 128 + 128 * 10) * 60_000) == pytest.approx(3.659e10, rel=1e-3)


def test_published_hours_hold_for_the_same_accelerator_only() -> None:
    bloom = PUBLISHED.model_of("bloom")
    assert bloom is not None
    assert published_hours(bloom, "A100") == figure(1_082_990)
    assert published_hours(bloom, "H100") is None
    assert (PUBLISHED.peak("A100"), PUBLISHED.peak("abacus")) == (312 * 10**12, None)


def test_every_error_of_a_catalogue_is_told_with_its_line() -> None:
    with pytest.raises(InvalidManifest) as refused:
        load_catalogue(BROKEN, source="mine.yaml")
    assert [(error.line, error.path, error.found) for error in refused.value.errors] == [
        (1, "version", "2"),
        (3, "models[0].id", "'A B'"),
        (5, "models[0].family", "'transformr'"),
        (7, "models[0].parameters.value", "-1"),
        (8, "models[0].activeParameters", "declared"),
        (9, "models[0].datum", "'datum'"),
    ]


def test_users_add_their_own_and_change_nothing_that_is_published() -> None:
    own = load_catalogue(OWN, source="mine.yaml")
    both = with_own(PUBLISHED, own, source="mine.yaml")
    assert [model.id for model in both.models] == [*(model.id for model in PUBLISHED.models), "mine"]
    with pytest.raises(InvalidManifest, match="expected each name once, found 'mine' again; give yours another name"):
        with_own(both, own, source="mine.yaml")


@pytest.mark.parametrize("text", ["", "version: 1\n---\nversion: 1\n", "version: [", "- 1\n"])
def test_a_text_that_is_no_catalogue_is_refused(text: str) -> None:
    with pytest.raises(InvalidManifest, match=r"mine\.yaml: 1 problem"):
        load_catalogue(text, source="mine.yaml")


def test_a_job_is_held_against_published_trainings_and_unknown_stays_none() -> None:
    models = [model for ref in ("llama-65b", "llama-3.1-405b") if (model := PUBLISHED.model_of(ref))]
    found = {row.quantity: row.cells for row in compare([JOB, *map(footprint, models)])}
    ratios = {quantity: [cell.ratio for cell in cells] for quantity, cells in found.items()}
    assert ratios == {
        "parameters": [1, 652, 4050],
        "active_parameters": [None, None, None],
        "data": [1, 1400, 15_600],
        "flop": [None, None, None],
        "accelerator_hours": [1, Fraction("10223.62"), None],
        "core_hours": [None, None, None],
        "energy_kilowatt_hours": [1, None, None],
        "it_energy_kilowatt_hours": [1, Fraction(449_800) / Fraction("1.1") / 50, None],
        "emissions_tonnes": [None, None, None],
    }
    assert [cell.why_not for cell in found["accelerator_hours"]] == ["", "", "H100 is not A100"]
    assert found["flop"][1].why_not == "not known of job"
    assert found["energy_kilowatt_hours"][1].why_not == "with the building (PUE 1.1) is not IT equipment (PUE 1)"
    assert found["data"][2].magnitudes == pytest.approx(4.193, abs=5e-4)


def test_landmarks_are_operations_to_hold_others_against() -> None:
    academia, industry = map(landmark_footprint, PUBLISHED.landmarks)
    flop = next(row for row in compare([academia, industry]) if row.quantity == "flop")
    assert [cell.ratio for cell in flop.cells] == [1, 270]


def test_emissions_on_an_unknown_grid_are_estimated_at_475_grams() -> None:
    assert emitted(measured(2000), None) == Figure(Fraction(19, 20), Provenance.ESTIMATED)
    assert emitted(measured(2000), Fraction(57)) == measured(Fraction(57, 500))
    with pytest.raises(ValueError, match="expected at least one training"):
        compare([])
