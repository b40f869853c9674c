"""What a job held while nothing was reserved for it: it is charged when the books are there again, once."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.stores import EmptyBooksUrl
from standing.scenes import HOUR, MINUTE, SECOND, START, UID, Scene, in_kind
from standing.test_keep import institution
from ullage_operator.ledger import Expend


def test_time_held_while_the_books_refused_the_first_reservation_is_charged_when_they_return(scene: Scene) -> None:
    # The job was told nothing, so it went on; its pod's hold is posted when the books return.
    scene.open("w1")
    scene.now_ms += 30 * MINUTE + 250
    assert scene.turn() == (True, "", HOUR)
    assert scene.line()["reserved"] == 2 * (30 * MINUTE + 250 + HOUR + MINUTE)
    scene.now_ms += HOUR
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += SECOND
    scene.turn()
    figures = scene.line()
    assert (figures["reserved"], figures["expended"]) == (0, 2 * (90 * MINUTE + 250))
    spent = scene.ledger.find(f"expend/grant/gpu/{UID}/{START}")
    assert isinstance(spent, Expend)
    assert (spent.from_ms, spent.to_ms) == (START, START + 90 * MINUTE + 250 + SECOND)


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
    scene.close("w1", finishTime="2026-11-10T00:30:00Z")
    scene.status["failure"] = {"reason": "Disrupted", "message": "node drained"}
    scene.spec = {"runPolicy": {"suspend": True}}
    scene.turn()
    scene.now_ms += HOUR
    scene.spec = {}
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (HOUR, HOUR)
    assert scene.line()["reserved"] == 2 * (HOUR + MINUTE)


_STEPS = st.one_of(
    st.tuples(st.sampled_from(["bind", "post", "end", "turn", "suspend", "resume", "restart"]), st.just(0)),
    st.tuples(st.just("wait"), st.one_of(st.integers(1, 3 * SECOND), st.integers(1, 90 * MINUTE))),
)


@example(hours=3, offset=1, steps=[("bind", 0), ("post", 0), ("suspend", 0), ("turn", 0)])
@settings(max_examples=40, deadline=None)
@given(hours=st.sampled_from([3, 1000]), offset=st.integers(0, 999), steps=st.lists(_STEPS, min_size=4, max_size=24))
def test_each_millisecond_that_a_job_held_is_charged_once(
    empty_books_url: EmptyBooksUrl, hours: int, offset: int, steps: list[tuple[str, int]]
) -> None:
    """Books that refuse are turns that are not taken, and holds that are posted later than their pods were bound."""
    with empty_books_url() as url:
        scene = Scene(url, [institution("north"), in_kind(hours)], now_ms=START)
        scene.now_ms, bound, workers, told = START + offset, None, 0, 0
        for step, ms in [*steps, ("post", 0), ("wait", 1), ("turn", 0), ("end", 0)]:
            now = scene.now_ms
            if step == "wait":
                scene.now_ms += ms
            elif step == "turn":
                scene.live += bound is not None
                verdict = scene.turn()[0]
                scene.live -= bound is not None
                assert (verdict is None) == (bound is not None)
            elif step == "bind" and bound is None and scene.live == 0 and now >= told:
                bound = now - now % SECOND  # As the cluster tells it, in whole seconds.
            elif step == "post" and bound is not None:
                scene.now_ms, bound, workers = bound, None, workers + 1
                scene.open(f"w{workers}")
                scene.now_ms = now
            elif step == "end" and scene.live:
                begun = scene.hold(f"w{workers}").from_ms
                scene.now_ms = max(begun, now - now % SECOND)
                scene.close(f"w{workers}")
                scene.now_ms, told = now, now
            elif step in ("suspend", "resume"):
                scene.spec = {"runPolicy": {"suspend": step == "suspend"}}
            elif step == "restart":
                scene.restart()
        scene.status["phase"] = "Succeeded"
        for _ in range(3):
            scene.now_ms += SECOND
            scene.turn()
        figures = scene.line()
        held_ms = sum(row.accelerator_ms for row in scene.ledger.usage(0, scene.now_ms + 1))
        assert (figures["reserved"], figures["expended"] - figures["reversed"]) == (0, held_ms)
        assert scene.ledger.verify() == []
        scene.ledger.close()
