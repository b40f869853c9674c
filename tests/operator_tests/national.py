"""The example of a national programme on a cluster: its manifests moved to the current month, and applied."""

from __future__ import annotations

import calendar
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from kubernetes import client

from cluster.kubectl import kubectl
from cluster.node import ROOT
from local.runs.harness import wait_until
from operator_tests.declared import Declared
from operator_tests.install import Operator
from operator_tests.tenant import Tenant
from operator_tests.volumes import tenant_in

EXAMPLE = ROOT / "manifests" / "examples" / "national-programme"
CODE = EXAMPLE.parent / "code"
DIGITS = ROOT / ".cache" / "data" / "mnist"
JOBS = {"north": "north-digits", "south": "south-digits", "forge": "forge-digits"}
"""The job of each namespace; both are called as the institution."""
INVESTMENTS = ("compute-vouchers", "people-and-money")
CLAIM = "training"
PATIENCE_SECONDS = 480
_WRITTEN_FOR = (2026, 11)
"""The month that the manifests are written for."""
_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


@dataclass(frozen=True)
class Programme:
    """The programme once all of its jobs have ended, and what the operator tells of it."""

    operator: Operator
    tenants: dict[str, Tenant]
    declared: Declared
    month: date
    """Its first day."""

    def document(self) -> dict[str, Any]:
        """Return the gap of the month, as the command in the operator's pod tells it."""
        said = self.operator.ullage("gap", "--period", f"{self.month:%Y-%m}", "--trend", "--output", "json")
        assert said.returncode == 0, said.stderr
        document: dict[str, Any] = json.loads(said.stdout)
        return document

    def investments(self) -> dict[str, dict[str, Any]]:
        """Return what has become of each investment, by the status that users see."""
        return {name: self.declared.status("Investment", name) for name in INVESTMENTS}


def moved(text: str, month: date) -> str:
    """Return manifests with every day moved by so many months that those of their month are in another one."""
    months = 12 * (month.year - _WRITTEN_FOR[0]) + month.month - _WRITTEN_FOR[1]

    def later(day: re.Match[str]) -> str:
        year, number, of_month = map(int, day.groups())
        year, number = divmod(12 * year + number - 1 + months, 12)
        last = calendar.monthrange(year, number + 1)[1]
        return str(date(year, number + 1, min(of_month, last)))

    return _DAY.sub(later, text)


@contextmanager
def programme(operator: Operator, kubeconfig: Path, core: client.CoreV1Api, folder: Path) -> Iterator[Programme]:
    """Run the programme: apply its manifests as a user does, and wait until its jobs have ended and are settled."""
    month = datetime.now(UTC).date().replace(day=1)
    files = {path.name: moved(path.read_text(), month) for path in EXAMPLE.glob("*.yaml")}
    with ExitStack() as stack:
        tenants = {name: stack.enter_context(_namespace(core, name, folder, kubeconfig)) for name in JOBS}
        ran = Programme(operator, tenants, Declared(tenants["north"].custom), month)
        stack.callback(wait_until, lambda: operator.books.declared() == [], "nothing to be declared any more")
        # Investments go before what they name.
        for name in ("institutions.yaml", "prices.yaml", "investments.yaml"):
            stack.callback(_kubectl, kubeconfig, "delete", "--ignore-not-found", text=files[name])
            _kubectl(kubeconfig, "apply", text=files[name])
        _wait_for_figures(ran)
        _kubectl(kubeconfig, "apply", text=files["jobs.yaml"])
        for name, tenant in tenants.items():
            tenant.wait_for_phase(JOBS[name], "Succeeded", PATIENCE_SECONDS)
        _wait_until_settled(ran)
        yield ran


@contextmanager
def _namespace(core: client.CoreV1Api, name: str, folder: Path, kubeconfig: Path) -> Iterator[Tenant]:
    """Make the namespace of an institution, with the digits and the program in its volume."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "ullage.dev/institution": name}
    core.create_namespace({"metadata": {"name": name, "labels": labels}})
    with tenant_in(core, name, folder / name, kubeconfig, CLAIM) as tenant:
        shutil.copytree(DIGITS, tenant.storage / "data")
        shutil.copytree(CODE, tenant.storage / "code")
        yield tenant
    core.delete_namespace(name)


def _kubectl(kubeconfig: Path, *arguments: str, text: str) -> None:
    ended = kubectl(kubeconfig, *arguments, "--filename", "-", text=text)
    assert ended.returncode == 0, ended.stderr


def _wait_for_figures(ran: Programme) -> None:
    # Nodes are looked at now and then; what they have is to be in the books before anything is told of it.
    wait_until(lambda: any("/nvidia.com/gpu/" in each for each in ran.operator.books.capacities()), "capacity", 180)
    for name in INVESTMENTS:
        ran.declared.wait("Investment", name, lambda told: told.get("phase") == "Active", f"{name} to be active")
    for name in ran.tenants:
        ran.declared.wait("Institution", name, lambda told: bool(told.get("resources")), f"figures of {name}")


def _wait_until_settled(ran: Programme) -> None:
    """Wait until every pod is in the books with its end, and nothing is set aside for a job."""
    for tenant in ran.tenants.values():
        wait_until(lambda tenant=tenant: not any(pod.metadata.finalizers for pod in tenant.pods().values()), "releases")
    lines = ("compute-vouchers/north-a100", "people-and-money/south-money")
    wait_until(lambda: all(_settled(ran, line) for line in lines), "settled lines", 120)


def _settled(ran: Programme, line: str) -> bool:
    """Tell whether a line was drawn on and nothing of it is reserved, in the books and in the status."""
    reserved, expended = ran.operator.books.line(line)
    investment, _, name = line.partition("/")
    told = {each["id"]: each for each in ran.declared.status("Investment", investment)["lines"]}[name]
    return reserved == 0 and expended > 0 and not told["reserved"] and bool(told["expended"])
