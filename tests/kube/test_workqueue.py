"""The queue of jobs: one worker a job, nothing forgotten, failures tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ullage_operator.workqueue import WorkQueue


async def run(work: Callable[[str], Awaitable[float | None]], until: asyncio.Event, *keys: str) -> None:
    queue: WorkQueue[str] = WorkQueue(work)
    for key in keys:
        queue.add(key)
    await run_until(until, queue)


async def run_until(done: asyncio.Event, queue: WorkQueue[str]) -> None:
    running = asyncio.create_task(queue.run(4))
    await asyncio.wait_for(done.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_key_that_is_added_often_is_worked_on_once() -> None:
    async def scenario() -> list[str]:
        seen: list[str] = []
        done = asyncio.Event()

        async def work(key: str) -> float | None:
            seen.append(key)
            if key == "last":
                done.set()
            return None

        await run(work, done, "a", "a", "a", "b", "last")
        return seen

    assert asyncio.run(scenario()) == ["a", "b", "last"]


def test_a_key_that_is_added_while_it_is_worked_on_comes_again_afterwards() -> None:
    async def scenario() -> list[str]:
        seen: list[str] = []
        done = asyncio.Event()
        queue: WorkQueue[str]

        async def work(key: str) -> float | None:
            seen.append("in")
            if len(seen) == 1:
                queue.add(key)
                queue.add(key)
                await asyncio.sleep(0)
            seen.append("out")
            if len(seen) == 4:
                done.set()
            return None

        queue = WorkQueue(work)
        queue.add("a")
        await run_until(done, queue)
        return seen

    assert asyncio.run(scenario()) == ["in", "out", "in", "out"]


def test_a_key_comes_again_after_the_time_that_was_asked_for_and_after_an_error() -> None:
    async def scenario() -> int:
        count = 0
        done = asyncio.Event()

        async def work(_: str) -> float | None:
            nonlocal count
            count += 1
            if count == 1:
                return 0.001
            if count == 2:
                raise ValueError("once")
            done.set()
            return None

        await run(work, done, "a")
        return count

    assert asyncio.run(scenario()) == 3


def test_a_key_to_which_much_happens_is_worked_on_once_for_all_of_it_and_at_once_where_that_is_asked_for() -> None:
    async def scenario() -> tuple[list[str], list[float]]:
        seen: list[str] = []
        at: list[float] = []
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def work(key: str) -> float | None:
            seen.append(key)
            at.append(loop.time())
            if key == "soon":
                done.set()
            return None

        queue = WorkQueue(work)
        at.append(loop.time())
        for _ in range(3):
            queue.add_soon("soon")
            queue.add_soon("now")
        queue.add("now")
        queue.add_soon("now")
        await run_until(done, queue)
        return seen, at

    seen, (began, _, last) = asyncio.run(scenario())
    assert seen == ["now", "soon"]
    assert last - began >= 0.25


def test_of_two_times_to_come_again_the_earlier_one_counts() -> None:
    async def scenario() -> list[float]:
        at: list[float] = []
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def work(key: str) -> float | None:
            at.append(loop.time())
            if len(at) == 1:
                queue.add_soon(key)
                return 3600
            if len(at) == 2:
                done.set()
            return None

        queue = WorkQueue(work)
        queue.add("a")
        await run_until(done, queue)
        return at

    first, second = asyncio.run(scenario())
    assert second - first >= 0.25
