from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_operator.ledger import Energy, Provenance, estimate

AMOUNTS = st.integers(min_value=0, max_value=10**12)
MODEL = "Green Algorithms 2021, 12 W a core, 0.3725 W a GB, PUE 1.0 (IT equipment only)"


def test_an_hour_on_one_core_with_ten_gigabytes_takes_what_the_published_model_gives() -> None:
    # 3600 s x 12 W = 43,200 J; 10 GB x 0.3725 W x 3600 s = 13,410 J; cores 3.515625 W and 23.75 W at the bounds.
    assert estimate(3_600_000, 10 * 10**9, 3_600_000) == Energy(
        joules=56_610, joules_low=26_066, joules_high=98_910, provenance=Provenance.ESTIMATED, method=MODEL
    )


def test_what_the_accelerators_meters_counted_is_added_to_the_model() -> None:
    assert estimate(1_000, 0, 1_000, gpu_joules=500, accelerators=2) == Energy(
        joules=512,
        joules_low=503,
        joules_high=524,
        provenance=Provenance.ESTIMATED,
        method=f"{MODEL}; accelerators by NVML",
    )


def test_energy_is_measured_only_where_all_of_it_was_metered() -> None:
    assert estimate(0, 0, 1_000, gpu_joules=500) == Energy(
        joules=500, joules_low=500, joules_high=500, provenance=Provenance.MEASURED, method="accelerators by NVML"
    )


def test_accelerators_without_a_meter_leave_no_upper_bound() -> None:
    assert estimate(1_000, 0, 1_000, accelerators=2) == Energy(
        joules=12,
        joules_low=3,
        joules_high=None,
        provenance=Provenance.ESTIMATED,
        method=f"{MODEL}; without 2 accelerators that have no meter",
    )


def test_half_a_joule_is_rounded_up_and_bounds_are_rounded_outwards() -> None:
    # 125 ms x 12 W = 1.5 J, 0.44 J to 2.97 J.
    found = estimate(125, 0, 1_000)
    assert (found.joules, found.joules_low, found.joules_high) == (2, 0, 3)


def test_negative_quantities_are_named_all_at_once() -> None:
    with pytest.raises(
        ValueError, match=r"cpu_ms: expected 0 or more, found -1; wall_ms: expected 0 or more, found -2"
    ):
        estimate(-1, 0, -2)


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="expected joules_low <= joules <= joules_high, found 3, 2, 4"):
        Energy(joules=2, joules_low=3, joules_high=4, provenance=Provenance.ESTIMATED, method="a model")


@given(AMOUNTS, AMOUNTS.map(lambda amount: amount // 1000), AMOUNTS.map(lambda amount: amount // 1000))
def test_the_estimate_lies_between_its_bounds_and_grows_with_cpu_time(cpu_ms: int, memory: int, wall_ms: int) -> None:
    found, more = estimate(cpu_ms, memory, wall_ms), estimate(cpu_ms + 1_000, memory, wall_ms)
    assert found.joules_high is not None
    assert found.joules_low <= found.joules <= found.joules_high
    assert more.joules == found.joules + 12
