"""What a failure of the infrastructure cut off is given back, whenever it comes to light."""

from __future__ import annotations

from collections.abc import Callable

from standing.scenes import HOUR, MINUTE, SECOND, START, UID, Scene, in_kind
from standing.test_keep import institution
from ullage_operator.ledger import Reversal
from ullage_operator.plan.instants import rfc3339


def test_a_lost_node_that_is_found_out_after_the_interval_was_settled_is_refunded(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms = START + HOUR
    scene.turn()
    scene.now_ms = START + HOUR - 50 * SECOND  # As it is estimated, twenty seconds after the turn.
    scene.close("w1")
    scene.now_ms = START + HOUR + 20 * SECOND
    scene.fail("Lost")
    assert scene.turn() == (True, "", HOUR)
    figures = scene.line()
    assert figures["expended"] == figures["reversed"]
    assert figures["remaining"] == 10 * HOUR - 2 * (HOUR + MINUTE)
    scene.open("w2")
    scene.now_ms += 10 * MINUTE
    scene.close("w2")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += SECOND
    scene.turn()
    assert (scene.line()["reserved"], 10 * HOUR - scene.line()["remaining"]) == (0, 2 * 10 * MINUTE)


def test_an_end_that_the_status_does_not_tell_of_yet_is_settled_when_it_does(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms = START + 2 * HOUR  # No operator was there.
    scene.close("w1", to_ms=START + 30 * MINUTE, state="Running")
    before = scene.line()
    assert scene.turn() == (None, "", None)
    assert scene.line() == before
    scene.fail("Disrupted")
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (2 * 30 * MINUTE, 2 * 30 * MINUTE)


def test_an_attempt_that_stays_open_without_a_worker_is_settled_all_the_same_and_refunded_when_it_ends(
    scene: Scene,
) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1", state="Creating")  # A quota keeps the other one out.
    scene.now_ms = START + HOUR
    assert scene.turn() == (True, "", HOUR)
    assert (scene.line()["expended"], scene.line()["reserved"]) == (2 * 30 * MINUTE, 2 * (HOUR + MINUTE))
    scene.now_ms += MINUTE
    scene.fail("Disrupted")
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (2 * 30 * MINUTE, 2 * 30 * MINUTE)


def test_what_a_node_whose_clock_is_ahead_cut_off_is_refunded(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms = START + 30 * MINUTE
    scene.close("w1", to_ms=scene.now_ms + 2 * SECOND)
    scene.fail("Disrupted")
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (2 * 30 * MINUTE, 2 * 30 * MINUTE)


def test_what_was_cut_off_is_refunded_though_a_worker_on_own_machines_ended_after_it(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.open("w2", own=True)
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.now_ms += 20 * SECOND
    scene.close("w2")
    scene.fail("Disrupted")
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (2 * 30 * MINUTE, 2 * 30 * MINUTE)


def test_what_was_cut_off_while_the_books_refused_is_refunded_as_soon_as_it_is_charged(scene: Scene) -> None:
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.fail("Lost", state="Failed")
    scene.status["phase"] = "Failed"
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (2 * 30 * MINUTE, 2 * 30 * MINUTE)


def test_what_is_refunded_is_there_for_what_comes_next(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"), in_kind(2.1))
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.fail("Disrupted")
    assert scene.turn() == (True, "", HOUR)


def test_an_attempt_that_failed_by_itself_is_not_refunded_when_the_next_one_is_disrupted_before_it_holds_anything(
    scene: Scene,
) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.fail("Exception")
    scene.turn()
    scene.now_ms += MINUTE
    begun = rfc3339(scene.now_ms)
    scene.now_ms += MINUTE
    scene.fail("Disrupted", attempt=2, attemptTime=begun)
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (2 * 30 * MINUTE, 0)


def cut_off(scene: Scene, message: str) -> bool | None:
    """Have the infrastructure end an attempt in the middle of its first interval; return whether the job may go on."""
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.fail("Disrupted", message)
    return scene.turn()[0]


def refund(scene: Scene) -> Reversal:
    back = scene.ledger.find(f"reversal/expend/grant/gpu/{UID}/{START}")
    assert isinstance(back, Reversal)
    return back


def test_what_a_failure_of_the_infrastructure_cut_off_is_refunded(scene: Scene) -> None:
    assert cut_off(scene, "node drained") is True
    figures = scene.line()
    assert (figures["expended"], figures["reversed"]) == (HOUR, HOUR)
    assert figures["remaining"] == 10 * HOUR - 2 * (HOUR + MINUTE)
    assert refund(scene).reason == "Disrupted: node drained"


def test_what_is_refunded_has_its_reason_on_one_line(scene: Scene) -> None:
    assert cut_off(scene, "evicted:\n  the node was low on memory\n") is True
    assert refund(scene).reason == "Disrupted: evicted: the node was low on memory"


def test_what_failed_by_itself_is_not_refunded(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.fail("Exception", "division by zero")
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (HOUR, 0)
