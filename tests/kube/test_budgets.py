"""What a pass over a job is told of budgets, and what an operator that starts again knows."""

from __future__ import annotations

import asyncio
from typing import Any

from kubernetes.aio.client import ApiClient, Configuration

from standing.test_draws import in_kind
from standing.test_keep import institution
from ullage_operator.accepting import accept
from ullage_operator.api.types import TrainingJob
from ullage_operator.budgets import EXHAUSTED, Budgets, BudgetSettings
from ullage_operator.clock import Clock
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.events import Recorder
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.ledger import Ledger
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


def budgets(ledger: Ledger, poster: Poster, item: dict[str, Any] | None = None) -> Budgets:
    """An operator's budgets, as they are when it starts, with a job that it has heard of."""
    api = Api(ApiClient(Configuration()))
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
        clock=Clock(now_ms=lambda: NOW_MS),
    )


def scenario(url: str, hours: float) -> tuple[list[Admission], list[float | None], dict[str, int]]:
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

    with Ledger.open(url, cluster="here", now_ms=lambda: NOW_MS) as ledger:
        accepted = accept([institution("north"), in_kind(hours)], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        told, waits = asyncio.run(reviews(ledger))
        with ledger.books() as books:
            return told, waits, books.remaining(["grant/gpu"])


def test_a_job_is_reserved_for_once_and_an_operator_that_starts_again_goes_on_there(books_url: str) -> None:
    told, waits, left = scenario(books_url, 10)
    assert told == [Admission(), Admission(), Admission()]
    assert waits == [3600.0, 3600.0, 3600.0]
    assert left == {"grant/gpu": 10 * HOUR - 2 * (HOUR + 30_000)}


def test_a_job_over_an_exhausted_grant_is_told_what_is_lacking_and_nothing_is_set_aside(books_url: str) -> None:
    told, waits, left = scenario(books_url, 0.01)
    lacking = "expected funds for 2 A100, found too little: grant/gpu has 0.01 accelerator-hours left"
    denied = Admission(allowed=False, reason=EXHAUSTED, message=lacking)
    # Before it has asked the books, an operator that has just started lets a job go on.
    assert told == [denied, Admission(), denied]
    assert waits == [60.0, 60.0, 60.0]
    assert left == {"grant/gpu": HOUR // 100}


def test_a_line_is_only_for_jobs_of_its_programmes(books_url: str) -> None:
    with Ledger.open(books_url, cluster="here", now_ms=lambda: NOW_MS) as ledger:
        grant = in_kind(1)
        grant["spec"]["lines"][0] |= {"eligible": {"programmes": ["optics"]}}
        accepted = accept([institution("north"), grant], {})
        keep(ledger, list(accepted.objects.values()), accepted.present, NOW_MS)
        declarations = declared_now(ledger, NOW_MS)
    raw = raw_job()
    assert line_names(declarations, TrainingJob.model_validate(raw)) == []
    raw["spec"]["accounting"]["programme"] = "optics"
    assert line_names(declarations, TrainingJob.model_validate(raw)) == ["grant/gpu"]
