"""A job's turns at the books: what is reserved, spent, given back, refunded and overdrawn."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gap.vessel import at
from plan.builders import make_job
from standing.test_keep import institution, investment, item
from ullage_operator.accepting import accept
from ullage_operator.api import Declarations
from ullage_operator.api.types import Institution, JobStatus
from ullage_operator.ledger import (
    Charge,
    EntryContext,
    Expend,
    HoldOpened,
    HoldReleased,
    Ledger,
    Outcome,
    Rate,
    Reversal,
    sqlite_url,
)
from ullage_operator.plan.budget import BudgetVerdict, Terms
from ullage_operator.standing import Case, charge_own, declared_now, keep, on_own_node, settle_orphan, take_turn
from ullage_operator.standing.draws import Turn, Withdrawn
from ullage_trainer.config import Stage

START = at("2026-11-10")
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
KINDS = {"nvidia.com/gpu": "A100"}
TERMS = Terms(interval_ms=HOUR, grace_ms=MINUTE)
UID = "uid-of-job"
PRICES = item(
    "PriceList",
    "tariff",
    {
        "entries": [
            {
                "resource": "compute",
                "type": "A100",
                "unit": "acceleratorHours",
                "currency": "CNY",
                "price": price,
                "from": day,
                "source": "tariff",
            }
            for price, day in ((20, "2026-01-01"), (30, "2026-11-11"))
        ]
    },
)


def in_kind(hours: float, **changes: Any) -> dict[str, Any]:
    made = investment(hours)
    made["spec"] |= {"whenExhausted": "Suspend"} | changes
    return made


def money(amount: float) -> dict[str, Any]:
    made = in_kind(1, currency="CNY", priceListRef={"name": "tariff"})
    line = {"id": "fund", "beneficiary": "north", "channel": "money", "unit": "CNY", "amount": amount}
    made["spec"]["lines"] = [line | {"instalments": [{"date": "2026-11-01", "amount": amount}]}]
    return made


@dataclass
class Scene:
    """The books of a cluster on which one job of two accelerators runs."""

    folder: Path
    items: list[dict[str, Any]]
    now_ms: int = START
    status: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    live: int = 0

    def __post_init__(self) -> None:
        self.ledger = self._opened()
        self.declare(*self.items)

    def _opened(self) -> Ledger:
        url = sqlite_url(self.folder / "ledger.sqlite3")
        return Ledger.open(url, cluster="here", now_ms=lambda: self.now_ms)

    def restart(self) -> None:
        self.ledger.close()
        self.ledger = self._opened()

    def declare(self, *items: dict[str, Any]) -> None:
        accepted = accept(items, {})
        assert accepted.errors == {}
        assert keep(self.ledger, list(accepted.objects.values()), accepted.present, self.now_ms).refused == {}

    @property
    def declarations(self) -> Declarations:
        return declared_now(self.ledger, self.now_ms)

    def case(self) -> Case:
        two = {"resources": {"train": {"limits": {"nvidia.com/gpu": "2"}}}}
        spec = {"script": {"path": "work.py"}, "accounting": {"institution": "north"}, "workers": two}
        job = make_job(spec | self.spec)
        metadata = job.metadata.model_copy(update={"uid": UID})
        status = JobStatus.model_validate(self.status)
        return Case(job.model_copy(update={"metadata": metadata, "status": status}), self.live, KINDS, TERMS)

    def turn(self) -> tuple[bool | None, str, int | None]:
        """Take a turn; return the verdict, and in how many milliseconds the next one is due."""
        verdict = take_turn(self.ledger, self.case(), self.declarations, self.now_ms).verdict
        if verdict is None:
            return None, "", None
        return verdict.allowed, verdict.message, verdict.wake_at_ms and verdict.wake_at_ms - self.now_ms

    def open(self, worker: str, *, own: bool | None = None) -> None:
        context = EntryContext(job_uid=UID, namespace="north", job="j", institution="north")
        hold = HoldOpened(
            context=context,
            worker_uid=worker,
            stage=Stage.TRAIN,
            attempt=1,
            index=0,
            slots=2,
            accelerators=2,
            accelerator_type="nvidia.com/gpu",
            cpu_millis=0,
            memory_mib=0,
            from_ms=self.now_ms,
            own_machines=own,
        )
        self.ledger.post([hold])
        self.live += 1
        self.status = {"phase": "Running", "stages": [{"name": "train", "state": "Running", "attempt": 1}]}

    def hold(self, worker: str) -> HoldOpened:
        hold = self.ledger.find(f"hold/{worker}")
        assert isinstance(hold, HoldOpened)
        return hold

    def close(self, worker: str, **stage: Any) -> None:
        hold = self.hold(worker)
        facts = {"context": hold.context, "worker_uid": worker, "to_ms": self.now_ms}
        self.ledger.post([HoldReleased(**facts, outcome=Outcome.STOPPED)])
        self.live -= 1
        self.status = {"phase": "Running", "stages": [{"name": "train", "state": "Pending", "attempt": 1} | stage]}

    def line(self, name: str = "grant/gpu") -> dict[str, int]:
        with self.ledger.books() as books:
            (row,) = books.lines(0, self.now_ms + 1, names=[name])
            assert books.remaining([name]) == {name: row.remaining}
        figures = ("released", "reserved", "expended", "reversed", "remaining")
        return {figure: getattr(row, figure) for figure in figures}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, [institution("north"), in_kind(10)])


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
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, [institution("north"), in_kind(2.25)])
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


def test_time_while_nobody_looked_is_spent_too_and_overdraws_the_line(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [institution("north"), in_kind(3)])
    scene.turn()
    scene.open("w1")
    scene.now_ms += 5 * HOUR
    assert scene.turn()[0] is False
    scene.close("w1")
    assert scene.turn()[0] is False
    assert scene.line()["remaining"] == 3 * HOUR - 10 * HOUR


def test_money_is_drawn_at_the_price_of_the_intervals_start(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [institution("north"), PRICES, money(1000)], now_ms=at("2026-11-11") - HOUR // 2)
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


def test_money_is_drawn_at_a_price_that_is_told_in_the_second_in_which_the_job_begins(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [institution("north"), PRICES, money(1000)], now_ms=START + 300)
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
    tmp_path: Path,
) -> None:
    listed = copy.deepcopy(PRICES)
    listed["spec"]["entries"][0]["type"] = listed["spec"]["entries"][1]["type"] = "H100"
    scene = Scene(tmp_path, [listed, institution("north"), money(1000)])
    lacking = (
        "expected a price of A100 in CNY to charge grant/fund by, found none; "
        "add an entry for compute/A100 to the price list, or a line in kind"
    )
    assert scene.turn() == (False, lacking, None)
    priced = copy.deepcopy(PRICES)
    priced["metadata"]["generation"] = 2
    scene.declare(priced, institution("north"), money(1000))
    assert scene.turn() == (True, "", HOUR)


def test_what_ran_uncharged_for_want_of_a_price_is_not_charged_when_there_is_one(tmp_path: Path) -> None:
    fund = money(1000)
    fund["spec"]["whenExhausted"] = "Warn"
    listed = copy.deepcopy(PRICES)
    listed["spec"]["entries"][0]["type"] = listed["spec"]["entries"][1]["type"] = "H100"
    scene = Scene(tmp_path, [listed, institution("north"), fund])
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


def test_what_a_failure_of_the_infrastructure_cut_off_is_refunded(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1", finishTime="2026-11-10T00:30:00Z")
    scene.status["failure"] = {"reason": "Disrupted", "message": "node drained"}
    assert scene.turn()[0] is True
    figures = scene.line()
    assert (figures["expended"], figures["reversed"]) == (HOUR, HOUR)
    assert figures["remaining"] == 10 * HOUR - 2 * (HOUR + MINUTE)
    back = scene.ledger.find(f"reversal/expend/grant/gpu/{UID}/{START}")
    assert isinstance(back, Reversal)
    assert back.reason == "Disrupted: node drained"


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


def test_money_that_was_spent_on_too_long_an_interval_comes_back_at_the_price_it_was_spent_at(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [PRICES, institution("north"), money(1000)])
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


def test_what_failed_by_itself_is_not_refunded(scene: Scene) -> None:
    scene.turn()
    scene.open("w1")
    scene.now_ms += 30 * MINUTE
    scene.close("w1", finishTime="2026-11-10T00:30:00Z")
    scene.status["failure"] = {"reason": "Exception", "message": "division by zero"}
    scene.turn()
    assert (scene.line()["expended"], scene.line()["reversed"]) == (HOUR, 0)


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


def test_runs_on_own_machines_draw_on_nothing_and_are_charged_to_no_line(tmp_path: Path) -> None:
    machines = {"type": "A100", "count": 4, "from": "2026-01-01", "nodeSelector": {"owner": "north"}}
    own = institution("north", holds={"accelerators": [machines]})
    scene = Scene(tmp_path, [own, in_kind(10)])
    scene.spec = {"workers": scene_workers({"nodeSelector": {"owner": "north", "disk": "fast"}})}
    assert scene.turn() == (True, "", None)
    scene.open("w1")
    scene.now_ms += HOUR
    scene.close("w1")
    scene.status = {"phase": "Succeeded", "startTime": "2026-11-10T00:00:00Z", "finishTime": "2026-11-10T01:00:00Z"}
    assert charge_own(scene.ledger, scene.case(), scene.declarations)
    charge = scene.ledger.find(f"charge/{UID}/own/accelerator:A100/{START}")
    assert isinstance(charge, Charge)
    assert (charge.line, charge.quantity_ms, charge.institution) == (None, 2 * HOUR, "north")
    assert scene.line()["remaining"] == 10 * HOUR


def test_a_worker_that_was_bound_to_an_own_node_without_a_selector_is_charged_to_no_line(tmp_path: Path) -> None:
    machines = {"type": "A100", "count": 4, "from": "2026-01-01", "nodeSelector": {"owner": "north"}}
    scene = Scene(tmp_path, [institution("north", holds={"accelerators": [machines]}), in_kind(10)])
    scene.turn()
    scene.open("w1", own=True)
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.open("w2", own=False)
    scene.now_ms += 10 * MINUTE
    scene.close("w2")
    ended = {"startTime": "2026-11-10T00:00:00Z", "finishTime": "2026-11-10T00:40:00Z"}
    scene.status = {"phase": "Succeeded"} | ended
    # The machines go: what was held on them stays.
    scene.declare(institution("north", generation=2), in_kind(10))
    scene.turn()
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * 10 * MINUTE)
    assert charge_own(scene.ledger, scene.case(), scene.declarations)
    charge = scene.ledger.find(f"charge/{UID}/own/accelerator:A100/{START}")
    assert isinstance(charge, Charge)
    assert (charge.line, charge.quantity_ms) == (None, 2 * 30 * MINUTE)
    assert scene.ledger.verify() == []


def test_a_node_is_an_institutions_own_by_the_selectors_of_its_machines() -> None:
    def owner(**changes: Any) -> Institution:
        machines = {"type": "A100", "count": 4, "from": "2026-01-01"} | changes
        return Institution.model_validate(institution("north", holds={"accelerators": [machines]}))

    own, labels = owner(nodeSelector={"owner": "north"}), {"owner": "north", "disk": "fast"}
    assert on_own_node(own, labels, "A100", START)
    assert not on_own_node(own, {"disk": "fast"}, "A100", START)
    assert not on_own_node(own, labels, "H100", START)
    assert not on_own_node(own, labels, "A100", at("2025-12-31"))
    # Machines without a selector are in no node of this cluster.
    assert not on_own_node(owner(), labels, "A100", START)
    assert not on_own_node(None, labels, "A100", START)


def scene_workers(template: dict[str, Any]) -> dict[str, Any]:
    return {"resources": {"train": {"limits": {"nvidia.com/gpu": "2"}}}, "template": template}


@settings(max_examples=25, deadline=None)
@given(
    hours=st.integers(1, 20),
    lates=st.lists(st.integers(0, 3 * HOUR), min_size=1, max_size=8),
    wind_down=st.integers(1, 2 * MINUTE),
)
def test_a_line_is_overdrawn_at_most_by_the_time_past_the_reservation(
    hours: int, lates: list[int], wind_down: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), [institution("north"), in_kind(hours)])
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


def test_time_held_while_the_books_refused_overdraws_a_line_that_has_too_little(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [institution("north"), in_kind(0.5)])
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


def test_what_was_held_before_there_was_a_line_is_not_charged_to_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, [institution("north")])
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


@settings(max_examples=40, deadline=None)
@given(hours=st.sampled_from([3, 1000]), offset=st.integers(0, 999), steps=st.lists(_STEPS, min_size=4, max_size=24))
def test_each_millisecond_that_a_job_held_is_charged_once(
    hours: int, offset: int, steps: list[tuple[str, int]]
) -> None:
    """Books that refuse are turns that are not taken, and holds that are posted later than their pods were bound."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), [institution("north"), in_kind(hours)], now_ms=START)
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
