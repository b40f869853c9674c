"""What a pass over a job is told of budgets, and what an operator that starts again knows."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web
from kubernetes.aio.client import ApiClient, Configuration

from kube.server import ask
from standing.scenes import PRICES, in_kind, money
from standing.test_keep import institution
from ullage_operator.accepting import accept
from ullage_operator.accounts import context_of
from ullage_operator.api import Declarations, InvalidManifest
from ullage_operator.api.types import TrainingJob
from ullage_operator.budgets import EXHAUSTED, Budgets, BudgetSettings
from ullage_operator.clock import Clock
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.events import Recorder
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.nodes import key_of_node
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.trim import node_kept
from ullage_operator.ledger import EntryContext, HoldOpened, HoldReleased, Ledger, Outcome, ReservationRow, sqlite_url
from ullage_operator.owners import Owners
from ullage_operator.plan import Admission
from ullage_operator.posting import Poster
from ullage_operator.standing import declared_now, keep, line_names

NOW_MS = 1_794_268_800_000  # 10 November 2026
HOUR = 3_600_000
KEY = ("north", "costly")


def raw_job(phase: str = "Pending") -> dict[str, Any]:
    two = {"resources": {"train": {"limits": {"nvidia.com/gpu": "2"}}}}
    spec = {"script": {"path": "work.py"}, "accounting": {"institution": "north"}, "workers": two}
    metadata = {"name": "costly", "namespace": "north", "uid": "uid-of-job", "generation": 1, "resourceVersion": "1"}
    return {
        "apiVersion": "ullage.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": metadata,
        "spec": spec,
        "status": {"phase": phase},
    }


def budgets(
    ledger: Ledger,
    poster: Poster,
    item: dict[str, Any] | None = None,
    now_ms: Callable[[], int] = lambda: NOW_MS,
    api: Api | None = None,
) -> Budgets:
    """An operator's budgets, as they are when it starts, with a job that it has heard of."""
    api = api or Api(ApiClient(Configuration()))
    jobs = Jobs(api)
    jobs.seen(item or raw_job())
    pods = Reflector(api, "", "", lambda _: KEY, lambda _: None)
    declarations = declared_now(ledger, NOW_MS)
    return Budgets(
        jobs,
        pods,
        poster,
        Recorder(api),
        BudgetSettings({"nvidia.com/gpu": "A100"}, 3600),
        declarations=lambda: declarations,
        attribute=lambda job: job,
        clock=Clock(now_ms=now_ms),
    )


def scenario(folder: Path, hours: float) -> tuple[list[Admission], list[float | None], dict[str, int]]:
    """Review a job, again, and once more after a restart; return what it was told each time, and what is left."""

    async def reviews(ledger: Ledger) -> tuple[list[Admission], list[float | None]]:
        poster = Poster(ledger)
        first = budgets(ledger, poster)
        waits = [await first.review(KEY), await first.review(KEY)]
        again = budgets(ledger, poster)
        await again.load()
        job = TrainingJob.model_validate(raw_job())
        told = [first.admit(job), again.admit(job)]
        waits.append(await again.review(KEY))
        told.append(again.admit(job))
        poster.close()
        return told, waits

    with Ledger.open(sqlite_url(folder / "l.sqlite3"), cluster="here", now_ms=lambda: NOW_MS) as ledger:
        accepted = accept([institution("north"), in_kind(hours)], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        told, waits = asyncio.run(reviews(ledger))
        with ledger.books() as books:
            return told, waits, books.remaining(["grant/gpu"])


def test_a_job_is_reserved_for_once_and_an_operator_that_starts_again_goes_on_there(tmp_path: Path) -> None:
    told, waits, left = scenario(tmp_path, 10)
    assert told == [Admission(), Admission(), Admission()]
    assert waits == [3600.0, 3600.0, 3600.0]
    assert left == {"grant/gpu": 10 * HOUR - 2 * (HOUR + 30_000)}


def test_a_job_over_an_exhausted_grant_is_told_what_is_lacking_and_nothing_is_set_aside(tmp_path: Path) -> None:
    told, waits, left = scenario(tmp_path, 0.01)
    lacking = "expected funds for 2 A100, found too little: grant/gpu has 0.01 accelerator-hours left"
    denied = Admission(allowed=False, reason=EXHAUSTED, message=lacking)
    # Before it has asked the books, an operator that has just started lets a job go on.
    assert told == [denied, Admission(), denied]
    assert waits == [60.0, 60.0, 60.0]
    assert left == {"grant/gpu": HOUR // 100}


def test_a_job_that_ran_and_ended_while_the_books_refused_is_charged_when_they_are_back(tmp_path: Path) -> None:
    async def reviews(ledger: Ledger) -> list[float | None]:
        poster = Poster(ledger)
        back = budgets(ledger, poster, raw_job("Succeeded"), lambda: NOW_MS + HOUR)
        await back.load()
        waits = [await back.review(KEY), await back.review(KEY)]
        poster.close()
        return waits

    with Ledger.open(sqlite_url(tmp_path / "l.sqlite3"), cluster="here", now_ms=lambda: NOW_MS + HOUR) as ledger:
        accepted = accept([institution("north"), in_kind(10)], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        hold = a_hold(accelerators=2, accelerator_type="nvidia.com/gpu")
        released = HoldReleased(
            context=hold.context, worker_uid="w1", to_ms=NOW_MS + HOUR // 2, outcome=Outcome.SUCCEEDED
        )
        ledger.post([hold, released])
        assert asyncio.run(reviews(ledger)) == [None, None]
        with ledger.books() as books:
            assert books.remaining(["grant/gpu"]) == {"grant/gpu": 10 * HOUR - 2 * HOUR // 2}
            assert books.reservations() == []


def test_what_is_set_aside_for_a_job_that_is_refused_now_is_given_back(tmp_path: Path) -> None:
    async def reviews(ledger: Ledger) -> tuple[list[float | None], list[int]]:
        poster = Poster(ledger)
        found, now = budgets(ledger, poster), [NOW_MS]
        found = replace(found, clock=Clock(now_ms=lambda: now[-1]))
        waits, reserved = [await found.review(KEY)], [len(open_reservations(ledger))]

        def refuse(_job: TrainingJob) -> TrainingJob:
            raise InvalidManifest("north/costly", [])

        found.attribute = refuse
        now.append(NOW_MS + 60_000)
        waits += [await found.review(KEY), await found.review(KEY)]
        reserved.append(len(open_reservations(ledger)))
        poster.close()
        return waits, reserved

    with Ledger.open(sqlite_url(tmp_path / "l.sqlite3"), cluster="here", now_ms=lambda: NOW_MS) as ledger:
        accepted = accept([institution("north"), in_kind(10)], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        assert asyncio.run(reviews(ledger)) == ([3600.0, 60.0, None], [1, 0])


def test_reservations_of_another_cluster_in_the_same_books_are_left_to_its_operator(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "l.sqlite3")
    with Ledger.open(url, cluster="there", now_ms=lambda: NOW_MS) as ledger:
        accepted = accept([institution("north"), in_kind(10)], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        poster = Poster(ledger)
        asyncio.run(budgets(ledger, poster).review(KEY))
        poster.close()
    with Ledger.open(url, cluster="here", now_ms=lambda: NOW_MS) as ledger, ledger.books() as books:
        assert (len(books.reservations()), books.reservations(here=True)) == (1, [])


def test_an_operator_that_starts_charges_what_a_job_held_that_went_with_the_one_before(tmp_path: Path) -> None:
    async def starts(ledger: Ledger) -> None:
        poster = Poster(ledger)
        found = budgets(ledger, poster, now_ms=lambda: NOW_MS + HOUR)
        found.jobs.gone(raw_job())
        await found.load()
        await found.settle_gone()
        poster.close()

    with Ledger.open(sqlite_url(tmp_path / "l.sqlite3"), cluster="here", now_ms=lambda: NOW_MS + HOUR) as ledger:
        accepted = accept([institution("north"), in_kind(10)], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        hold = a_hold(accelerators=2, accelerator_type="nvidia.com/gpu")
        facts = {"context": hold.context, "worker_uid": "w1", "to_ms": NOW_MS + HOUR // 2}
        ledger.post([hold, HoldReleased.model_validate({**facts, "outcome": Outcome.LOST})])
        asyncio.run(starts(ledger))
        with ledger.books() as books:
            assert books.remaining(["grant/gpu"]) == {"grant/gpu": 10 * HOUR - 2 * HOUR // 2}


def open_reservations(ledger: Ledger) -> list[ReservationRow]:
    with ledger.books() as books:
        return books.reservations()


class EventsWritten:
    """Events that an operator writes to an API server."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str, str]] = []
        self._one = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.all.append((body["type"], body["reason"], body["note"]))
        self._one.set()
        return web.json_response(body, status=201)

    async def by(self, recorder: Recorder, number: int) -> None:
        """Have a recorder write until there are so many."""
        task = asyncio.create_task(recorder.run())
        async with asyncio.timeout(10):
            while len(self.all) < number:
                self._one.clear()
                await self._one.wait()
        task.cancel()


def events(folder: Path, *declared: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Review a job; return the events that are written of it."""
    written = EventsWritten()
    with Ledger.open(sqlite_url(folder / "l.sqlite3"), cluster="here", now_ms=lambda: NOW_MS) as ledger:
        accepted = accept([institution("north"), *declared], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)

        async def review(api: Api) -> None:
            poster = Poster(ledger)
            found = budgets(ledger, poster, api=api)
            assert await found.review(KEY) is not None
            assert found.admit(TrainingJob.model_validate(raw_job())) == Admission()
            await written.by(found.recorder, 1)
            poster.close()

        ask(written.answer, review)
    return written.all


def test_a_job_that_overdraws_a_grant_that_only_warns_is_told(tmp_path: Path) -> None:
    lacking = "expected funds for 2 A100, found too little: grant/gpu has 0.01 accelerator-hours left"
    assert events(tmp_path, in_kind(0.01, whenExhausted="Warn")) == [
        ("Warning", "GrantOverdrawn", f"{lacking}; it goes on and overdraws grant/gpu")
    ]


def test_a_job_that_goes_on_uncharged_for_want_of_a_price_is_told(tmp_path: Path) -> None:
    fund = money(1000)
    fund["spec"]["whenExhausted"] = "Warn"
    prices = copy.deepcopy(PRICES)
    for entry in prices["spec"]["entries"]:
        entry["type"] = "H100"
    lacking = (
        "expected a price of A100 in CNY to charge grant/fund by, found none; "
        "add an entry for compute/A100 to the price list, or a line in kind"
    )
    assert events(tmp_path, prices, fund) == [("Warning", "GrantUnpriced", f"{lacking}; it goes on uncharged")]


def test_each_job_that_draws_on_a_line_that_is_gone_is_told_once(tmp_path: Path) -> None:
    written = EventsWritten()
    with Ledger.open(sqlite_url(tmp_path / "l.sqlite3"), cluster="here", now_ms=lambda: NOW_MS) as ledger:

        def declare(*items: dict[str, Any]) -> Declarations:
            accepted = accept(list(items), {})
            return keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS).declarations

        async def review(api: Api) -> None:
            poster, told_of = Poster(ledger), [declare(institution("north"), in_kind(10))]
            found = replace(budgets(ledger, poster, api=api), declarations=lambda: told_of[-1])
            await found.review(KEY)
            for _ in range(2):
                told_of.append(declare(institution("north")))
                await found.review(KEY)
            found.recorder.record(raw_job(), "Normal", "Last", "all are written in order")
            await written.by(found.recorder, 2)
            poster.close()

        ask(written.answer, review)
    gone = (
        "expected grant/gpu to be there still, found it withdrawn; "
        "what is set aside on it pays, then it goes on unmetered"
    )
    assert written.all == [("Warning", "GrantWithdrawn", gone), ("Normal", "Last", "all are written in order")]


def test_a_pods_node_tells_whether_it_is_on_own_machines_and_one_that_is_not_known_does_not() -> None:
    machines = {"type": "A100", "count": 4, "from": "2026-01-01", "nodeSelector": {"owner": "north"}}
    accepted = accept([institution("north", holds={"accelerators": [machines]})], {})
    declarations = Declarations.of([*accepted.objects.values()])
    nodes = Reflector(Api(ApiClient(Configuration())), "", "", key_of_node, lambda _: None, keep=node_kept)
    for name, labels in (("own", {"owner": "north", "disk": "fast"}), ("other", {"disk": "fast"})):
        nodes.put({"metadata": {"name": name, "uid": name, "resourceVersion": "1", "labels": labels}})
    owners = Owners(nodes, {"nvidia.com/gpu": "A100"}, lambda: declarations)
    gpus = a_hold(accelerators=2, accelerator_type="nvidia.com/gpu")
    assert [owners.own_machines({"spec": {"nodeName": name}}, gpus) for name in ("own", "other", "unseen")] == [
        True,
        False,
        None,
    ]
    assert owners.own_machines({"spec": {"nodeName": "own"}}, a_hold()) is None


def a_hold(**changes: Any) -> HoldOpened:
    context = EntryContext(job_uid="uid-of-job", namespace="north", job="costly", institution="north")
    facts = {"stage": "train", "attempt": 1, "index": 0, "slots": 2, "accelerators": 0, "cpu_millis": 0}
    facts |= {"memory_mib": 0, "from_ms": NOW_MS, "worker_uid": "w1"}
    return HoldOpened.model_validate({"context": context, **facts, **changes})


def test_a_line_is_only_for_jobs_of_its_programmes(tmp_path: Path) -> None:
    with Ledger.open(sqlite_url(tmp_path / "l.sqlite3"), cluster="here", now_ms=lambda: NOW_MS) as ledger:
        grant = in_kind(1)
        grant["spec"]["lines"][0] |= {"eligible": {"programmes": ["optics"]}}
        accepted = accept([institution("north"), grant], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        declarations = declared_now(ledger, NOW_MS)
    raw = raw_job()
    assert line_names(declarations, context_of(TrainingJob.model_validate(raw))) == []
    raw["spec"]["accounting"]["programme"] = "optics"
    assert line_names(declarations, context_of(TrainingJob.model_validate(raw))) == ["grant/gpu"]
