"""The work of people that a job declares is in the books once it has ended, once for all of its attempts."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from aiohttp import web

from kube.builders import IMAGE, SCRIPT
from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.events import Recorder
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.names import JsonObject, key_of_pod
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.cluster.pull import Puller
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.workers import PodWorkers
from ullage_operator.ledger import Entry, Ledger, Transfer, sqlite_url
from ullage_operator.posting import Poster
from ullage_operator.reconcile import Reconciler
from ullage_operator.settings import Settings

START_MS = 1_793_491_200_000
HOUR_MS = 3_600_000
UID = "0123456789abcdef"
STATUS = {"startTime": "2026-11-01T00:00:00Z", "finishTime": "2026-11-01T02:00:00Z"}


def ended(phase: str, attempts: int) -> JsonObject:
    """A job that has ended after some attempts; none of them is told of by a pod any more."""
    stage = {"name": "train", "state": phase, "attempt": attempts, "restarts": attempts - 1}
    people = [{"role": "engineer", "hours": 12}, {"role": "technician", "hours": 0.5}]
    return {
        "apiVersion": "ullage.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {
            "name": "points",
            "namespace": "physics",
            "uid": UID,
            "resourceVersion": "1",
            "generation": 1,
        },
        "spec": {**SCRIPT, "accounting": {"institution": "north", "personHours": people}},
        "status": {"phase": phase, **STATUS, "stages": [stage]},
    }


async def answer(request: web.Request) -> web.Response:
    return web.json_response(await request.json() if request.can_read_body else {})


def passed(path: Path, raw: JsonObject) -> list[Entry]:
    """Let an operator that has just started make two passes over a job; return what the books hold then."""
    ledger = Ledger.open(sqlite_url(path / "ledger.sqlite3"), cluster="test", now_ms=lambda: START_MS)

    async def look(api: Api) -> None:
        pods, jobs = Reflector(api, "", "", key_of_pod, lambda _: None), Jobs(api)
        jobs.seen(raw)
        workers = PodWorkers(api, pods, PodSettings(), "ullage-system", b"secret")
        poster, settings = Poster(ledger), Settings(path, "", trainer_image=IMAGE)
        async with aiohttp.ClientSession() as session:
            reconciler = Reconciler(jobs, pods, workers, poster, Puller(session, 60.0), Recorder(api), settings)
            for _ in range(2):
                await reconciler.reconcile(("physics", "points"))
        poster.close()

    with ledger:
        ask(answer, look)
        assert ledger.verify() == []
        with ledger.books() as books:
            return [one.entry for one in books.entries()]


def worked(role: str, seconds: int) -> Transfer:
    return Transfer(
        subject=f"job/{UID}",
        institution="north",
        operation="work",
        reference=f"{UID}/{role}",
        from_account="institution:north",
        from_role=role,
        to_account="work",
        to_role=role,
        seconds=seconds,
        job_uid=UID,
        from_ms=START_MS,
        to_ms=START_MS + 2 * HOUR_MS,
        source="job",
    )


WORK = [worked("engineer", 12 * 3_600), worked("technician", 1_800)]


def test_the_work_that_a_job_declares_is_posted_once_by_its_uid_over_attempts_and_operators(tmp_path: Path) -> None:
    assert passed(tmp_path, ended("Succeeded", 1)) == WORK
    assert passed(tmp_path, ended("Failed", 3)) == WORK


def test_a_job_that_has_not_ended_or_is_in_no_institution_s_books_has_no_work_in_them(tmp_path: Path) -> None:
    going_on = ended("Succeeded", 1)
    going_on["spec"]["runPolicy"] = {"suspend": True}
    going_on["status"] = {"phase": "Suspended", "startTime": STATUS["startTime"]}
    nobodys = ended("Succeeded", 1)
    del nobodys["spec"]["accounting"]["institution"]
    assert [passed(tmp_path, raw) for raw in (going_on, nobodys)] == [[], []]
