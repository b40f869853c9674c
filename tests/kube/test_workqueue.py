"""The queue of jobs: one worker a job, nothing forgotten, failures tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ullage_operator.workqueue import WorkQueue


async def run(work: Callable[[str], Awaitable[float | None]], until: asyncio.Event, *keys: str) -> None:
    queue: WorkQueue[str] = WorkQueue(work)
    for key in keys:
        queue.add(key)
    running = asyncio.create_task(queue.run(4))
    await asyncio.wait_for(until.wait(), 10)
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
        running = asyncio.create_task(queue.run(4))
        await asyncio.wait_for(done.wait(), 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
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
