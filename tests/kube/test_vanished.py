"""Pods that went without being let go: their holds are closed, once, and only after the API server was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import aiohttp
from aiohttp import web

from kube.builders import BOUND_MS, ENDED_MS, observed, report, terminated
from kube.server import ask
from ullage_operator.clock import Clock
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.books import ended, hold_of, unseen_end
from ullage_operator.cluster.names import JsonObject, key_of_pod, pods_path
from ullage_operator.cluster.pull import Puller
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.ledger import Entry, HoldOpened, HoldReleased, Ledger, Outcome, Provenance
from ullage_operator.posting import Poster
from ullage_operator.vanished import Vanished
from ullage_trainer.config import WorkerState

NOW_MS = ENDED_MS + 30_000
RUNNING = observed({"running": {}}, phase="Running")
HOLD = cast("HoldOpened", hold_of(RUNNING))
ADDRESS = "/api/v1/namespaces/physics/pods/points-train-1-0"
KEY = ("physics", "points")


class Place:
    """An operator's books, and what the API server was asked for."""

    def __init__(self, url: str, there: JsonObject | None = None) -> None:
        self.url = url
        self.there = there
        self.asked: list[str] = []

    def ledger(self, *, read_only: bool = False) -> Ledger:
        return Ledger.open(self.url, cluster="here", now_ms=lambda: NOW_MS, read_only=read_only)

    def post(self, *entries: Entry) -> None:
        with self.ledger() as ledger:
            ledger.post(entries)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.there is None:
            return web.json_response({"kind": "Status", "reason": "NotFound", "message": "no such pod"}, status=404)
        return web.json_response(self.there)

    def do(self, work: Callable[[Vanished], Awaitable[object]], *known: JsonObject, read_only: bool = False) -> object:
        """Do something with an operator that knows some pods; return what that returns."""

        async def scenario(api: Api) -> object:
            pods = Reflector(api, pods_path(), "", key_of_pod, lambda _: None)
            for item in known:
                pods.put(item)
            with self.ledger(read_only=read_only) as ledger:
                poster = Poster(ledger)
                async with aiohttp.ClientSession() as session:
                    clock = Clock(now_ms=lambda: NOW_MS)
                    vanished = Vanished(api, pods, poster, Puller(session, 60), {("uid-of-pod", False)}, clock)
                    try:
                        return await work(vanished)
                    finally:
                        poster.close()

        return ask(self.answer, scenario)

    def release(self) -> HoldReleased | None:
        with self.ledger() as ledger:
            return cast("HoldReleased | None", ledger.find("release/uid-of-pod"))


async def review(vanished: Vanished) -> None:
    await vanished.review()


def settles(item: JsonObject) -> Callable[[Vanished], Awaitable[float | None]]:
    async def settle(vanished: Vanished) -> float | None:
        vanished.gone(item)
        return await vanished.settle(KEY)

    return settle


def test_a_pod_that_went_while_it_ran_held_until_that_was_seen_which_is_an_estimate(books_url: str) -> None:
    place = Place(books_url)
    place.post(HOLD)
    assert place.do(settles(RUNNING)) is None
    release = place.release()
    assert release == ended(RUNNING, HOLD, None, NOW_MS)[0]
    assert release is not None
    assert (release.to_ms, release.provenance, release.outcome) == (NOW_MS, Provenance.ESTIMATED, Outcome.LOST)
    assert place.asked == [ADDRESS]


def test_a_pod_that_went_after_it_told_its_end_held_until_then(books_url: str) -> None:
    place = Place(books_url)
    told = observed(terminated(0, report(WorkerState.SUCCEEDED)), phase="Succeeded")
    place.do(settles(told))
    release = place.release()
    assert release is not None
    assert (release.to_ms, release.provenance, release.outcome) == (ENDED_MS, Provenance.MEASURED, Outcome.SUCCEEDED)


def test_a_pod_that_was_let_go_by_this_operator_is_not_asked_for(books_url: str) -> None:
    place = Place(books_url)

    async def work(vanished: Vanished) -> None:
        vanished.written.add(("uid-of-pod", True))
        vanished.gone(RUNNING)
        await vanished.settle(KEY)
        assert vanished.written == set()

    place.do(work)
    assert (place.asked, place.release()) == ([], None)


def test_a_pod_that_was_let_go_by_the_operator_before_has_the_end_that_was_written_then(books_url: str) -> None:
    place = Place(books_url)
    written = unseen_end(HOLD, BOUND_MS + 7_000)
    place.post(HOLD, written)
    place.do(settles(RUNNING))
    assert place.release() == written


def test_a_pod_that_is_there_and_only_lost_its_labels_goes_on_holding(books_url: str) -> None:
    place = Place(books_url, there=RUNNING)
    place.post(HOLD)
    place.do(settles(RUNNING))
    place.do(review)
    assert (place.asked, place.release()) == ([ADDRESS, ADDRESS], None)


def test_books_that_are_away_are_told_later_when_the_pod_was_seen_to_be_gone(books_url: str) -> None:
    place = Place(books_url)
    place.post(HOLD)

    async def work(vanished: Vanished) -> tuple[float | None, float | None]:
        away = vanished.poster
        first = await settles(RUNNING)(vanished)
        with place.ledger() as ledger:
            vanished.poster, vanished.clock = Poster(ledger), Clock(now_ms=lambda: NOW_MS + 60_000)
            second = await vanished.settle(KEY)
            vanished.poster.close()
        vanished.poster = away
        return first, second

    assert place.do(work, read_only=True) == (5.0, None)
    assert place.release() == ended(RUNNING, HOLD, None, NOW_MS)[0]


def test_a_hold_that_is_open_while_its_pod_is_gone_is_closed_when_the_operator_starts(books_url: str) -> None:
    place = Place(books_url)
    place.post(HOLD)
    place.do(review)
    assert place.release() == unseen_end(HOLD, NOW_MS)
    place.do(review)
    assert place.asked == [ADDRESS]


def test_a_pod_of_another_attempt_under_the_same_name_is_not_the_one_that_held(books_url: str) -> None:
    place = Place(books_url, there=observed(metadata={"uid": "another"}))
    place.post(HOLD)
    place.do(review)
    assert place.release() == unseen_end(HOLD, NOW_MS)


def test_of_pods_that_are_known_nobody_is_asked(books_url: str) -> None:
    place = Place(books_url)
    place.post(HOLD)
    place.do(review, RUNNING)
    assert (place.asked, place.release()) == ([], None)


def test_a_new_list_and_a_watch_tell_of_pods_that_are_gone() -> None:
    """Both as they were last known; a pod that is only changed is not among them."""
    changed = asyncio.Event()
    listed = [[observed(metadata={"uid": uid}) for uid in ("stays", "listed-no-more")]]
    listed.append(listed[0][:1])

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query and len(listed) == 2:
            listed.pop(0)
            return web.json_response({"kind": "Status", "code": 410, "reason": "Gone"}, status=410)
        if "watch" in request.query:
            gone = observed({"running": {}}, metadata={"uid": "stays", "resourceVersion": "9"})
            return web.json_response({"type": "DELETED", "object": gone})
        return web.json_response({"metadata": {"resourceVersion": "7"}, "items": listed[0]})

    async def look(api: Api) -> list[tuple[str, bool]]:
        told: list[tuple[str, bool]] = []

        def gone(item: JsonObject) -> None:
            told.append((item["metadata"]["uid"], bool(item["status"]["containerStatuses"])))
            if len(told) == 2:
                changed.set()

        pods = Reflector(api, pods_path(), "", key_of_pod, lambda _: None, gone=gone)
        task = asyncio.create_task(pods.run())
        await changed.wait()
        task.cancel()
        return told

    assert ask(answer, look) == [("listed-no-more", False), ("stays", True)]
