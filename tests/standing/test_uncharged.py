"""What a job held while nothing was reserved for it: it is charged when the books are there again, once."""

from __future__ import annotations

from collections.abc import Callable

from gap.vessel import at
from standing.scenes import HOUR, KINDS, MINUTE, PRICES, SECOND, START, UID, Scene, in_kind, money, named
from standing.test_keep import institution
from ullage_operator.standing import settle_orphan

MIDNIGHT = at("2026-11-11")


def times(scene: Scene) -> list[tuple[str, int, int]]:
    """Return which line paid from when until when."""
    return [(each.line, each.from_ms, each.to_ms) for each in scene.spent()]


def test_time_held_while_the_books_refused_the_first_reservation_is_charged_when_they_return(scene: Scene) -> None:
    # The job was told nothing, so it went on; its pod's hold is posted when the books return.
    scene.open("w1")
    scene.now_ms += 30 * MINUTE + 250
    assert scene.turn() == (True, "", HOUR)
    assert (scene.line()["expended"], scene.line()["reserved"]) == (2 * (30 * MINUTE + 250), 2 * (HOUR + MINUTE))
    scene.now_ms += HOUR
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += SECOND
    scene.turn()
    figures = scene.line()
    assert (figures["reserved"], figures["expended"]) == (0, 2 * (90 * MINUTE + 250))
    assert times(scene) == [
        ("grant/gpu", START, START + 30 * MINUTE + 250),
        ("grant/gpu", START + 30 * MINUTE + 250, START + 90 * MINUTE + 250),
    ]


def test_time_held_while_the_books_refused_overdraws_a_line_that_has_too_little(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"), in_kind(0.5))
    scene.open("w1")
    scene.now_ms += HOUR
    assert scene.turn()[0] is False
    assert scene.line()["remaining"] == HOUR // 2 - 2 * HOUR
    scene.now_ms += MINUTE
    scene.close("w1")
    scene.turn()
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * (HOUR + MINUTE))


def test_a_job_that_ended_before_the_books_returned_is_charged_for_what_it_held(scene: Scene) -> None:
    scene.open("w1")
    scene.now_ms += HOUR
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += HOUR
    scene.turn()
    scene.turn()
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * HOUR)


def test_what_was_held_before_there_was_a_line_is_not_charged_to_it(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"))
    scene.open("w1")
    scene.now_ms += HOUR
    assert scene.turn() == (True, "", None)
    scene.declare(institution("north"), in_kind(10))
    scene.now_ms += MINUTE
    scene.turn()
    scene.now_ms += MINUTE
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.turn()
    assert scene.line()["expended"] == 2 * 2 * MINUTE


def test_what_was_refunded_is_not_charged_again_when_the_job_goes_on(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.fail("Disrupted")
    scene.spec = {"runPolicy": {"suspend": True}}
    scene.turn()
    scene.now_ms += HOUR
    scene.spec = {}
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (HOUR, HOUR)
    assert scene.line()["reserved"] == 2 * (HOUR + MINUTE)


def test_what_was_held_in_the_term_of_one_line_is_charged_to_it_although_another_one_pays_what_comes(
    scene_of: Callable[..., Scene],
) -> None:
    ends, begins = in_kind(10), named("next", in_kind(10))
    ends["spec"]["to"] = "2026-11-11"
    begins["spec"]["from"] = "2026-11-11"
    begins["spec"]["lines"][0]["instalments"][0]["date"] = "2026-11-11"
    scene = scene_of(institution("north"), ends, begins, now_ms=MIDNIGHT - 30 * MINUTE)
    begun_ms = scene.now_ms
    scene.open("w1")
    scene.now_ms = MIDNIGHT + 10 * MINUTE
    assert scene.turn() == (True, "", HOUR)
    assert times(scene) == [("grant/gpu", begun_ms, MIDNIGHT), ("next/gpu", MIDNIGHT, scene.now_ms)]
    assert (scene.line()["expended"], scene.line("next/gpu")["expended"]) == (2 * 30 * MINUTE, 2 * 10 * MINUTE)


def test_what_was_held_until_a_line_was_withdrawn_is_charged_to_it_and_what_was_held_after_that_is_not(
    scene: Scene,
) -> None:
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.declare(institution("north"))
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.turn()
    assert times(scene) == [("grant/gpu", START, START + 30 * MINUTE)]
    assert scene.ledger.verify() == []


def test_what_was_held_over_midnight_is_charged_at_the_price_of_each_day(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"), PRICES, money(1000), now_ms=MIDNIGHT - 30 * MINUTE)
    scene.open("w1")
    scene.now_ms = MIDNIGHT + 30 * MINUTE
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.turn()
    assert [(each.quantity, each.amount) for each in scene.spent()] == [(HOUR, 20_000_000), (HOUR, 30_000_000)]


def test_what_was_held_before_there_was_a_price_goes_uncharged_and_what_was_held_from_then_on_does_not(
    scene_of: Callable[..., Scene],
) -> None:
    priced_later = PRICES | {"spec": {"entries": PRICES["spec"]["entries"][1:]}}
    fund = money(1000, whenExhausted="Warn")
    scene = scene_of(institution("north"), priced_later, fund, now_ms=MIDNIGHT - 30 * MINUTE)
    scene.open("w1")
    scene.now_ms = MIDNIGHT + HOUR
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.turn()
    assert times(scene) == [("grant/fund", MIDNIGHT, MIDNIGHT + HOUR)]
    assert scene.line("grant/fund")["expended"] == 2 * 30_000_000


def test_what_was_held_is_charged_to_the_first_line_that_has_enough_left(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"), in_kind(1), named("second", in_kind(10)))
    scene.open("w1")
    scene.now_ms += HOUR
    scene.turn()
    assert times(scene) == [("second/gpu", START, START + HOUR)]


def test_what_a_job_held_that_is_gone_is_charged_when_the_books_return(scene: Scene) -> None:
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    assert not settle_orphan(scene.ledger, UID, KINDS, scene.now_ms)
    scene.close("w1")
    scene.now_ms += HOUR
    for _ in range(2):
        assert settle_orphan(scene.ledger, UID, KINDS, scene.now_ms)
    assert times(scene) == [("grant/gpu", START, START + 30 * MINUTE)]
    assert scene.ledger.verify() == []


def test_a_worker_told_to_have_begun_in_the_second_of_a_refund_is_charged_for_all_that_it_held(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.fail("Disrupted")
    scene.now_ms += 605
    scene.turn()
    begun_ms = scene.now_ms - 605  # As the cluster tells it, in whole seconds.
    scene.now_ms = begun_ms
    scene.open("w2")
    scene.now_ms = begun_ms + MINUTE
    scene.close("w2")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += SECOND
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (HOUR + 2 * MINUTE, HOUR)


def test_what_a_line_that_is_no_longer_there_in_its_unit_would_have_paid_is_charged_to_none(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(institution("north"), in_kind(10))
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    anew = in_kind(10)
    anew["metadata"]["generation"] = 2
    anew["spec"]["lines"][0]["id"] = "gpu2"
    scene.declare(institution("north"), anew)
    assert scene.turn() == (True, "", HOUR)
    assert (scene.line("grant/gpu2")["expended"], scene.line("grant/gpu2")["reserved"]) == (0, 2 * (HOUR + MINUTE))


def test_a_job_that_is_gone_is_charged_to_the_line_that_it_named_where_that_is_known(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(institution("north"), in_kind(10), named("mine", in_kind(10)))
    scene.spec = {"accounting": {"institution": "north", "investment": {"name": "mine", "line": "gpu"}}}
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    assert settle_orphan(scene.ledger, UID, KINDS, scene.now_ms, scene.case().job)
    assert times(scene) == [("mine/gpu", START, START + 30 * MINUTE)]
