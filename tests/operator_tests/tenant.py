"""A tenant of a cluster: a namespace with a volume, in which jobs are applied and looked at."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client

from cluster.kubectl import kubectl
from local.runs.harness import wait_until
from ullage_operator.cluster.names import GROUP, PLURAL, VERSION
from ullage_operator.ledger import Capacity, Entry, HoldOpened, Ledger
from ullage_operator.standing import declared_now

FAR_FUTURE_MS = 2**52
CLAIM = "data"
SMALL = {"requests": {"cpu": "50m", "memory": "128Mi"}}
WORK = """\
import os, pathlib, sys, time
rank, size = os.environ["HOROVOD_RANK"], os.environ["HOROVOD_SIZE"]
print(f"rank {rank} of {size}", flush=True)
here = pathlib.Path(sys.argv[1])
(here / f"started-{rank}").touch()
while not (here / "go").exists():
    time.sleep(0.05)
"""
"""A command that waits for a file: the smallest work that there is."""


@dataclass(frozen=True)
class Books:
    """The operator's books, read from outside."""

    url: str
    cluster: str

    def holds(self, job: str) -> dict[str, int]:
        """How many workers a job held, by stage and outcome; each job's name is its own."""
        with Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True) as ledger:
            rows = ledger.usage(0, FAR_FUTURE_MS, by=("job", "stage", "outcome"))
        return {
            f"{row.group['stage']} {row.group['outcome']}": row.holds
            for row in rows
            if str(row.group["job"]).endswith(f"/{job}")
        }

    def held(self, job_uid: str) -> list[HoldOpened]:
        """All holds of a job."""
        opened = Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True)
        with opened as ledger, ledger.books() as books:
            return books.holds_of(job_uid)

    def capacities(self) -> list[str]:
        """The ids of what nodes were told to have."""
        opened = Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True)
        with opened as ledger, ledger.books() as books:
            return [one.entry.id for one in books.entries(type_=Capacity.type)]

    def entry(self, entry_id: str) -> Entry | None:
        """An entry."""
        with Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True) as ledger:
            return ledger.find(entry_id)

    def accelerator_hours(self, job_uid: str) -> float:
        """How much a job held."""
        with Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True) as ledger:
            return sum(row.accelerator_ms for row in ledger.usage(0, FAR_FUTURE_MS, job_uid=job_uid)) / 3_600_000

    def cpu_used_seconds(self, job_uid: str) -> float:
        """How much CPU time a job used."""
        with Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True) as ledger:
            return sum(row.cpu_used_ms or 0 for row in ledger.usage(0, FAR_FUTURE_MS, job_uid=job_uid)) / 1000

    def line(self, name: str) -> tuple[int, int]:
        """What is reserved on a line, and what was spent of it and not taken back; zeros where there is none."""
        opened = Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True)
        with opened as ledger, ledger.books() as books:
            rows = books.lines(0, FAR_FUTURE_MS, names=[name])
        return next(((row.reserved, row.expended - row.reversed) for row in rows), (0, 0))

    def declared(self) -> list[str]:
        """The names of what is declared and was not withdrawn."""
        with Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True) as ledger:
            found = declared_now(ledger, FAR_FUTURE_MS)
        return sorted(each.metadata.name for each in (*found.institutions, *found.investments, *found.price_lists))

    def verified(self) -> list[str]:
        """What is wrong with the books."""
        with Ledger.open(self.url, cluster=self.cluster, now_ms=lambda: FAR_FUTURE_MS, read_only=True) as ledger:
            return ledger.verify()


@dataclass(frozen=True)
class Tenant:
    """A namespace with a volume that is a folder of this machine."""

    namespace: str
    storage: Path
    kubeconfig: Path
    core: client.CoreV1Api
    custom: client.CustomObjectsApi

    def store(self, name: str, content: str | bytes) -> Path:
        path = self.storage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def waiting(self, name: str, replicas: int = 1, **changes: Any) -> dict[str, Any]:
        """Return a job whose ranks say that they have started and wait until :meth:`go`."""
        self.store("work.py", WORK)
        folder = self.storage / name
        folder.mkdir()
        folder.chmod(0o777)
        spec: dict[str, Any] = {
            "script": {"path": "work.py", "args": [f"/storage/{name}"]},
            "workers": {"replicas": replicas, "resources": {"train": SMALL}},
            "storage": {"persistentVolumeClaim": {"claimName": CLAIM}},
            "accounting": {"institution": "north"},
        }
        return job(name, merged(spec, changes))

    def go(self, name: str) -> None:
        """Let the ranks of a waiting job end."""
        (self.storage / name / "go").touch()

    def started(self, name: str) -> list[str]:
        """Return which ranks of a waiting job have started."""
        return sorted(path.name for path in (self.storage / name).glob("started-*"))

    def apply(self, manifest: dict[str, Any]) -> str:
        """Create a job; return its UID."""
        made = self.custom.create_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, manifest)
        return str(made["metadata"]["uid"])

    def patch(self, name: str, spec: dict[str, Any]) -> None:
        self.custom.patch_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name, {"spec": spec})

    def delete(self, name: str) -> None:
        self.custom.delete_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)

    def jobs(self) -> list[str]:
        listed = self.custom.list_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL)
        return [item["metadata"]["name"] for item in listed["items"]]

    def status(self, name: str) -> dict[str, Any]:
        found = self.custom.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)
        status: dict[str, Any] = found.get("status") or {}
        return status

    def phase(self, name: str) -> str:
        return str(self.status(name).get("phase", "Pending"))

    def condition(self, name: str, kind: str) -> tuple[str, str, str] | None:
        """Return a condition's status, reason and message."""
        found = (c for c in self.status(name).get("conditions", []) if c["type"] == kind)
        return next(((c["status"], c["reason"], c.get("message", "")) for c in found), None)

    def pods(self) -> dict[str, client.V1Pod]:
        return {pod.metadata.name: pod for pod in self.core.list_namespaced_pod(self.namespace).items}

    def phases(self) -> dict[str, str]:
        return {name: pod.status.phase for name, pod in self.pods().items()}

    def events(self, name: str) -> list[str]:
        found = self.core.list_namespaced_event(self.namespace, field_selector=f"involvedObject.name={name}").items
        return [event.reason for event in sorted(found, key=lambda event: event.event_time)]

    def wait(self, name: str, condition: Callable[[dict[str, Any]], bool], what: str, seconds: float = 120) -> None:
        """Return once a job's status fulfils a condition."""
        last: dict[str, Any] = {}

        def holds() -> bool:
            last.clear()
            last.update(self.status(name))
            return condition(last)

        try:
            wait_until(holds, what, seconds)
        except AssertionError as error:
            raise AssertionError(
                f"{error}; found {last.get('phase')}: {last.get('message')}; {self.phases()}"
            ) from error

    def wait_for_phase(self, name: str, phase: str, seconds: float = 120) -> None:
        self.wait(name, lambda status: status.get("phase") == phase, f"{name} to be {phase}", seconds)

    def kubectl(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return kubectl(self.kubeconfig, "--namespace", self.namespace, *arguments, text=text)


def job(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "TrainingJob", "metadata": {"name": name}, "spec": spec}


def merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Return both maps as one; where both hold a map, these too."""
    both = {
        name: merged(left[name], right[name]) for name in left.keys() & right.keys() if isinstance(left[name], dict)
    }
    return {**left, **right, **both}


def stage_of(status: dict[str, Any], name: str = "train") -> dict[str, Any]:
    stage: dict[str, Any] = next(stage for stage in status["stages"] if stage["name"] == name)
    return stage


__all__ = ["Books", "Tenant", "job", "merged", "stage_of"]
