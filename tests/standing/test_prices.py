"""At which price money is drawn."""

from __future__ import annotations

import copy
from collections.abc import Callable

from gap.vessel import at
from standing.scenes import HOUR, MINUTE, PRICES, SECOND, START, UID, Scene, in_kind, money, named
from standing.test_keep import institution
from ullage_operator.ledger import Expend, Rate
from ullage_operator.standing import withdraw


def test_money_is_drawn_at_the_price_of_the_intervals_start(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"), PRICES, money(1000), now_ms=at("2026-11-11") - HOUR // 2)
    start = scene.now_ms
    scene.turn()
    scene.open("w1")
    scene.now_ms += HOUR
    scene.turn()
    spent = scene.ledger.find(f"expend/grant/fund/{UID}/{start}")
    assert isinstance(spent, Expend)
    rate = Rate(
        micros=20_000_000,
        unit="accelerator-hour",
        currency="CNY",
        dated_ms=at("2026-01-01"),
        source="PriceList tariff: tariff",
    )
    assert (spent.amount, spent.quantity, spent.rate) == (40_000_000, 2 * HOUR, rate)
    assert scene.line("grant/fund")["reserved"] == 61_000_000  # 2 × 61 minutes at 30 CNY an hour


def test_money_is_drawn_at_a_price_that_is_told_in_the_second_in_which_the_job_begins(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(institution("north"), PRICES, money(1000), now_ms=START + 300)
    scene.now_ms = START + 400
    scene.turn()
    scene.now_ms = START + SECOND
    scene.open("w1")
    scene.now_ms = START + HOUR
    scene.turn()
    spent = scene.ledger.find(f"expend/grant/fund/{UID}/{START}")
    assert isinstance(spent, Expend)
    assert (spent.quantity, spent.amount) == (2 * (HOUR - SECOND), 2 * (HOUR - SECOND) * 20_000_000 // HOUR + 1)


def test_a_job_on_accelerators_without_a_price_waits_until_there_is_one_and_is_charged_from_then(
    scene_of: Callable[..., Scene],
) -> None:
    listed = copy.deepcopy(PRICES)
    listed["spec"]["entries"][0]["type"] = listed["spec"]["entries"][1]["type"] = "H100"
    scene = scene_of(listed, institution("north"), money(1000))
    lacking = (
        "expected a price of A100 in CNY to charge grant/fund by, found none; "
        "add an entry for compute/A100 to the price list, or a line in kind"
    )
    assert scene.turn() == (False, lacking, None)
    priced = copy.deepcopy(PRICES)
    priced["metadata"]["generation"] = 2
    scene.declare(priced, institution("north"), money(1000))
    assert scene.turn() == (True, "", HOUR)


def test_what_ran_uncharged_for_want_of_a_price_is_not_charged_when_there_is_one(
    scene_of: Callable[..., Scene],
) -> None:
    fund = money(1000)
    fund["spec"]["whenExhausted"] = "Warn"
    listed = copy.deepcopy(PRICES)
    listed["spec"]["entries"][0]["type"] = listed["spec"]["entries"][1]["type"] = "H100"
    scene = scene_of(listed, institution("north"), fund)
    allowed, message, wake = scene.turn()
    assert (allowed, message.endswith("; it goes on uncharged"), wake) == (True, True, HOUR)
    scene.open("w1")
    scene.now_ms += HOUR
    priced = copy.deepcopy(PRICES)
    priced["metadata"]["generation"] = 2
    scene.declare(priced, institution("north"), fund)
    assert scene.turn() == (True, "", HOUR)
    scene.now_ms += HOUR
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.turn()
    assert scene.line("grant/fund")["expended"] == 2 * 20_000_000


def test_intervals_at_a_price_of_0_are_settled_and_the_ones_after_it_cost_what_they_do(
    scene_of: Callable[..., Scene],
) -> None:
    free_at_first = copy.deepcopy(PRICES)
    free_at_first["spec"]["entries"][0]["price"] = 0
    scene = scene_of(institution("north"), free_at_first, money(10_000))
    scene.turn()
    scene.open("w1")
    for hour in range(1, 27):
        scene.now_ms = START + hour * HOUR
        assert scene.turn() == (True, "", HOUR)
    # Two accelerators for the two hours of the next day, at 30 CNY an hour.
    assert scene.line("grant/fund")["expended"] == 2 * 2 * 30 * 1_000_000
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += SECOND
    scene.turn()
    assert scene.line("grant/fund")["reserved"] == 0
    assert scene.ledger.verify() == []


def test_accelerators_that_are_called_others_since_cost_what_was_set_aside_for_as_long_as_they_were_held(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(institution("north"), PRICES, money(1000))
    scene.turn()
    scene.now_ms += 30 * MINUTE
    scene.open("w1")
    scene.now_ms += 15 * MINUTE
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.kinds = {"nvidia.com/gpu": "A100-80GB"}
    scene.turn()
    # Two accelerators for a quarter of an hour, at 20 CNY an hour.
    assert (scene.line("grant/fund")["reserved"], scene.line("grant/fund")["expended"]) == (0, 10_000_000)


def test_a_job_goes_on_into_a_grant_whose_first_price_begins_with_it(scene_of: Callable[..., Scene]) -> None:
    midnight = at("2026-11-11")
    yearly = PRICES | {"spec": {"entries": PRICES["spec"]["entries"][1:]}}
    follows = named("next", money(1000))
    follows["spec"]["from"] = follows["spec"]["lines"][0]["instalments"][0]["date"] = "2026-11-11"
    ends = in_kind(10)
    ends["spec"]["to"] = "2026-11-11"
    scene = scene_of(institution("north"), ends, yearly, follows, now_ms=midnight - 30 * MINUTE)
    assert scene.turn() == (True, "", 30 * MINUTE)
    scene.open("w1")
    scene.now_ms = midnight
    assert scene.turn() == (True, "", HOUR)
    assert scene.line("next/fund")["reserved"] == 61_000_000  # 2 × 61 minutes at 30 CNY an hour


def test_a_price_list_that_goes_does_not_stop_what_money_is_set_aside_for(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"), PRICES, money(1000))
    scene.turn()
    scene.open("w1")
    scene.now_ms += 5 * MINUTE
    withdraw(scene.ledger, "PriceList", "tariff", scene.now_ms, "the test")
    assert scene.turn() == (True, "", HOUR - 5 * MINUTE)


def test_a_stage_on_other_accelerators_is_charged_at_the_price_of_these(scene_of: Callable[..., Scene]) -> None:
    slices = copy.deepcopy(PRICES)
    first, *_ = slices["spec"]["entries"]
    slices["spec"]["entries"].append(first | {"type": "nvidia.com/mig-1g.10gb", "price": 2})
    scene = scene_of(institution("north"), slices, money(10_000))
    scene.turn()
    scene.open("trains")
    scene.now_ms += HOUR
    scene.close("trains")
    scene.turn()
    assert scene.line("grant/fund")["expended"] == 2 * 20 * 1_000_000
    scene.open("quantizes", resource="nvidia.com/mig-1g.10gb")
    scene.now_ms += HOUR
    scene.turn()
    assert scene.line("grant/fund")["expended"] == 2 * (20 + 2) * 1_000_000


def test_money_that_was_spent_on_too_long_an_interval_comes_back_at_the_price_it_was_spent_at(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(PRICES, institution("north"), money(1000))
    scene.turn()
    scene.open("w1")
    scene.now_ms += HOUR + MINUTE
    scene.turn()
    scene.now_ms -= MINUTE
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += 2 * MINUTE
    scene.turn()
    figures = scene.line("grant/fund")
    assert (figures["reserved"], figures["expended"] - figures["reversed"]) == (0, 40_000_000)
    assert scene.ledger.verify() == []
