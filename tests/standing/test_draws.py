"""A job's turns at the books: what is reserved, spent, given back, refunded and overdrawn."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from gap.vessel import at
from ledger.stores import EmptyBooksUrl
from standing.scenes import HOUR, KINDS, MINUTE, SECOND, START, UID, Scene, in_kind, named
from standing.test_keep import institution
from ullage_operator.ledger import Expend, Reversal
from ullage_operator.plan.budget import BudgetVerdict
from ullage_operator.standing import settle_orphan, take_turn
from ullage_operator.standing.draws import Turn, Withdrawn


def test_an_interval_is_reserved_and_at_its_end_what_was_held_is_spent_and_the_next_one_reserved(scene: Scene) -> None:
    assert scene.turn() == (True, "", HOUR)
    assert scene.line()["reserved"] == 2 * (HOUR + MINUTE)
    scene.now_ms += MINUTE
    scene.open("w1")
    scene.now_ms = START + HOUR
    assert scene.turn() == (True, "", HOUR)
    assert scene.line() == {
        "released": 10 * HOUR,
        "reserved": 2 * (HOUR + MINUTE),
        "expended": 2 * (HOUR - MINUTE),
        "reversed": 0,
        "remaining": 10 * HOUR - 4 * HOUR,
    }
    assert scene.ledger.verify() == []


def test_asked_again_within_the_interval_nothing_is_posted(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += MINUTE
    before = scene.line()
    assert scene.turn() == (True, "", HOUR - MINUTE)
    assert scene.line() == before


def test_what_is_seen_and_not_yet_in_the_books_puts_a_turn_off(scene: Scene) -> None:
    scene.live = 1
    assert scene.turn() == (None, "", None)


def test_an_exhausted_job_keeps_its_reservation_until_its_last_worker_has_ended_and_goes_on_when_there_is_more(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(institution("north"), in_kind(2.25))
    assert scene.turn() == (True, "", HOUR)
    scene.open("w1")
    scene.now_ms += HOUR
    lacking = "expected funds for 2 A100, found too little: grant/gpu has 0.25 accelerator-hours left"
    assert scene.turn() == (True, "", round(0.125 * HOUR) - MINUTE)
    scene.now_ms += round(0.125 * HOUR) - MINUTE
    allowed, message, _ = scene.turn()
    assert (allowed, message.replace("0.03", "0.25")) == (False, lacking)
    scene.now_ms += MINUTE // 2
    scene.close("w1")
    assert scene.turn()[0] is False
    figures = scene.line()
    assert (figures["reserved"], figures["expended"]) == (0, 2 * (scene.now_ms - START))
    assert figures["remaining"] >= 0
    scene.declare(institution("north"), in_kind(20) | {"metadata": in_kind(20)["metadata"] | {"generation": 2}})
    assert scene.turn() == (True, "", HOUR)


def test_time_while_nobody_looked_is_spent_too_and_overdraws_the_line(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(institution("north"), in_kind(3))
    scene.turn()
    scene.open("w1")
    scene.now_ms += 5 * HOUR
    assert scene.turn()[0] is False
    scene.close("w1")
    assert scene.turn()[0] is False
    assert scene.line()["remaining"] == 3 * HOUR - 10 * HOUR


def test_a_job_that_is_suspended_and_goes_on_within_a_second_has_something_set_aside_again(scene: Scene) -> None:
    scene.now_ms = START + 100
    scene.turn()
    scene.now_ms, scene.spec = START + 300, {"runPolicy": {"suspend": True}}
    scene.turn()
    assert scene.line()["reserved"] == 0
    scene.now_ms, scene.spec = START + 600, {}
    assert scene.turn() == (True, "", HOUR)
    assert scene.line()["reserved"] == 2 * (HOUR + MINUTE)
    scene.now_ms = START
    scene.open("w1")
    scene.now_ms = START + 10 * SECOND
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.turn()
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * 10 * SECOND)
    assert scene.ledger.verify() == []


def test_a_job_whose_node_is_ahead_and_that_goes_on_at_once_is_charged_for_each_second_once(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms = START + 65 * SECOND
    scene.close("w1")
    scene.now_ms, scene.spec = START + 60 * SECOND, {"runPolicy": {"suspend": True}}
    scene.turn()
    scene.now_ms, scene.spec = START + 62 * SECOND, {}
    scene.turn()
    scene.open("w2")
    scene.now_ms = START + 120 * SECOND
    scene.close("w2")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += SECOND
    scene.turn()
    # The other one's last three seconds lie within what is paid; it is corrected to be both's.
    held_ms = sum(row.accelerator_ms for row in scene.ledger.usage(0, scene.now_ms))
    assert scene.line()["expended"] - scene.line()["reversed"] == held_ms == 2 * (65 + 58) * SECOND


def test_a_suspended_job_whose_workers_still_stop_keeps_what_is_set_aside_until_they_have(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms, scene.spec = START + HOUR, {"runPolicy": {"suspend": True}}
    scene.turn()
    assert scene.line()["reserved"] == 2 * (HOUR + MINUTE)
    scene.now_ms += 30 * SECOND
    scene.close("w1")
    scene.turn()
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * (HOUR + 30 * SECOND))


def test_a_job_goes_on_where_one_grant_follows_another_and_each_pays_up_to_its_end(
    scene_of: Callable[..., Scene],
) -> None:
    midnight = at("2026-11-11")
    follows = named("next", in_kind(10))
    follows["spec"]["from"] = follows["spec"]["lines"][0]["instalments"][0]["date"] = "2026-11-11"
    ends = in_kind(10)
    ends["spec"]["to"] = "2026-11-11"
    scene = scene_of(institution("north"), ends, follows, now_ms=midnight - 90 * MINUTE)
    begun_ms = scene.now_ms
    assert scene.turn() == (True, "", HOUR)
    scene.open("w1")
    scene.now_ms += HOUR
    assert scene.turn() == (True, "", 30 * MINUTE)
    scene.now_ms = midnight - MINUTE
    assert scene.turn() == (True, "", MINUTE)
    scene.now_ms = midnight
    assert scene.turn() == (True, "", HOUR)
    scene.now_ms += 10 * MINUTE
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.turn()
    assert [(each.line, each.from_ms, each.to_ms) for each in scene.spent()] == [
        ("grant/gpu", begun_ms, begun_ms + HOUR),
        ("grant/gpu", begun_ms + HOUR, midnight),
        ("next/gpu", midnight, midnight + 10 * MINUTE),
    ]


def test_an_interval_that_was_settled_on_what_was_known_then_is_corrected_when_a_worker_is_told_to_have_ended_before(
    scene: Scene,
) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += HOUR + 4
    scene.turn()
    assert scene.line()["expended"] == 2 * (HOUR + 4)
    scene.now_ms -= 4
    scene.close("w1")
    scene.status["phase"] = "Succeeded"
    scene.now_ms += SECOND
    scene.turn()
    figures = scene.line()
    assert (figures["reserved"], figures["expended"] - figures["reversed"]) == (0, 2 * HOUR)
    spent = scene.ledger.find(f"expend.2/grant/gpu/{UID}/{START}")
    assert isinstance(spent, Expend)
    assert (spent.quantity, spent.amount, spent.to_ms) == (2 * HOUR, 2 * HOUR, START + HOUR + 4)
    back = scene.ledger.find(f"reversal/expend/grant/gpu/{UID}/{START}")
    assert isinstance(back, Reversal)
    assert back.reason == "its workers held 7200000 accelerator-milliseconds in it, not 7200008"
    assert scene.ledger.verify() == []


def test_a_worker_told_to_begin_within_an_interval_that_is_settled_is_paid_for_once(scene: Scene) -> None:
    def suspend(now_ms: int) -> None:
        scene.now_ms, scene.spec = now_ms, {"runPolicy": {"suspend": True}}
        assert scene.turn()[0] is True
        assert scene.line()["reserved"] == 0

    scene.turn()
    scene.open("w1")
    scene.now_ms = START + 98 * SECOND
    scene.close("w1")
    suspend(START + 99 * SECOND + 68)
    scene.now_ms, scene.spec = START + 99 * SECOND + 605, {}
    scene.turn()
    scene.now_ms = START + 99 * SECOND  # As the cluster tells it, in whole seconds.
    scene.open("w2")
    scene.now_ms = START + 101 * SECOND
    scene.close("w2")
    suspend(START + 102 * SECOND + 323)
    assert scene.line()["expended"] - scene.line()["reversed"] == 2 * (98 + 2) * SECOND
    assert scene.ledger.verify() == []


def test_a_line_that_is_withdrawn_while_a_job_draws_on_it_is_settled_and_the_job_goes_on(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += HOUR
    scene.declare(institution("north"))
    turn = take_turn(scene.ledger, scene.case(), scene.declarations, scene.now_ms)
    gone = Withdrawn("grant/gpu", None)
    assert turn == Turn(BudgetVerdict(allowed=True), reserved=False, withdrawn=gone)
    assert gone.message == (
        "expected grant/gpu to be there still, found it withdrawn; "
        "what is set aside on it pays, then it goes on unmetered"
    )
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * HOUR)


def test_a_job_whose_line_is_withdrawn_is_told_which_one_it_draws_on_next(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += MINUTE
    other = in_kind(10)
    other["metadata"] |= {"name": "other", "uid": "uid-other"}
    scene.declare(institution("north"), other)
    turn = take_turn(scene.ledger, scene.case(), scene.declarations, scene.now_ms)
    assert turn.withdrawn == Withdrawn("grant/gpu", "other/gpu")
    scene.now_ms = START + HOUR
    assert scene.turn() == (True, "", HOUR)
    assert (scene.line()["expended"], scene.line("other/gpu")["reserved"]) == (2 * HOUR, 2 * (HOUR + MINUTE))
    assert take_turn(scene.ledger, scene.case(), scene.declarations, scene.now_ms).withdrawn is None


def test_what_is_set_aside_for_a_job_that_is_gone_is_settled_once_its_workers_are(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += MINUTE
    assert not settle_orphan(scene.ledger, UID, KINDS, scene.now_ms)
    scene.close("w1")
    scene.now_ms += MINUTE
    assert settle_orphan(scene.ledger, UID, KINDS, scene.now_ms)
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * MINUTE)


@settings(max_examples=25, deadline=None)
@given(
    hours=st.integers(1, 20),
    lates=st.lists(st.integers(0, 3 * HOUR), min_size=1, max_size=8),
    wind_down=st.integers(1, 2 * MINUTE),
)
def test_a_line_is_overdrawn_at_most_by_the_time_past_the_reservation(
    empty_books_url: EmptyBooksUrl, hours: int, lates: list[int], wind_down: int
) -> None:
    with empty_books_url() as url:
        scene = Scene(url, [institution("north"), in_kind(hours)])
        past_ms = 0
        for late in lates:
            allowed, _, wake = scene.turn()
            if not allowed:
                break
            with scene.ledger.books() as books:
                (held,) = books.reservations(job_uid=UID)
            if not scene.live:
                scene.open("w1")
            scene.now_ms += (wake or 0) + late
            past_ms += max(0, scene.now_ms - held.to_ms)
        if scene.live:
            with scene.ledger.books() as books:
                found = books.reservations(job_uid=UID)
            before, end_ms = scene.now_ms, found[0].to_ms
            scene.now_ms += wind_down
            past_ms += max(0, scene.now_ms - max(before, end_ms))
            scene.close("w1")
            scene.now_ms += 1
            scene.status["phase"] = "Succeeded"
            scene.turn()
        figures = scene.line()
        held_ms = sum(row.accelerator_ms for row in scene.ledger.usage(0, scene.now_ms + 1))
        assert (figures["reserved"], figures["expended"]) == (0, held_ms)
        assert -figures["remaining"] <= 2 * past_ms
        assert scene.ledger.verify() == []
        scene.ledger.close()
