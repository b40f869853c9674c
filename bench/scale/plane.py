"""A control plane for one trial: etcd, API server, controller manager and scheduler, with fake nodes by kwok."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

from bench.scale import objects
from bench.scale.api import Api
from bench.scale.nodes import stages
from cluster.certificates import Authority

ROOT = Path(__file__).parents[2]
ADDRESS = "10.99.0.1"
SERVER = f"https://{ADDRESS}:6443"
SERVICE_ACCOUNT = "system:serviceaccount:ullage-system:ullage"
OPERATOR = "ullage"
"""The user that the operator is, and whoever does its work in its place: one priority, one count."""
NODES = 20
ADMIN = "admin"
_USERS = {
    ADMIN: "/O=system:masters/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kwok": "/O=system:masters/CN=kwok",
    OPERATOR: f"/O=system:serviceaccounts/CN={SERVICE_ACCOUNT}",
}
_QUICK = ("--kube-api-qps=5000", "--kube-api-burst=5000")
"""Clients of the control plane that keep themselves back would be what is measured."""
_AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [SERVICE_ACCOUNT]}, {"level": "None"}],
}
_PATIENCE_SECONDS = 120.0


class ControlPlane:
    """All parts of it, in a folder of their own; they end with it.

    Parameters
    ----------
    state
        A new folder.
    kubernetes, kwok
        The folder of etcd's and Kubernetes' programs, and kwok.
    """

    def __init__(self, state: Path, kubernetes: Path, kwok: Path) -> None:
        self.state = state
        self.pki = state / "pki"
        self.audit = state / "audit.log"
        self._kubernetes = kubernetes
        self._kwok_program = kwok
        self._running: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        try:
            self._configure()
            self._start("etcd", *self._etcd())
            self._start("kube-apiserver", *self._api_server())
            self.api = await Api(SERVER, self.pki, ADMIN).__aenter__()
            await self._until(self._answers, "an API server that is ready")
            self._start("kube-controller-manager", *self._controllers())
            self._start("kube-scheduler", f"--config={self.state}/scheduler.yaml", "--leader-elect=false")
            self._kwok = self._start_kwok(complete=False)
            await self._furnish()
        except BaseException:
            self._end(self._running)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.api.__aexit__(kind, error, trace)
        self._end(self._running)

    def kubeconfig(self, user: str) -> Path:
        """Return where a user's kubeconfig is."""
        return self.state / f"{user}.kubeconfig"

    def complete(self) -> None:
        """Let all pods end well from now on: kwok starts anew, by other rules."""
        self._end([self._kwok])
        self._kwok = self._start_kwok(complete=True)

    def start(self, name: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a program that ends with the control plane; what it says is kept in a log."""
        with (self.state / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=os.environ | environment,
            )
        self._running.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End a program as Kubernetes would: SIGTERM first."""
        self._running.remove(process)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def check(self) -> None:
        """Leave with what was said if a program that should run has ended."""
        for process in self._running:
            if process.poll() is not None:
                raise SystemExit(f"scale: {process.args!r} has ended: {self.logs()}")

    def said(self, name: str) -> str:
        """Return the end of what a program has said."""
        return "\n".join((self.state / f"{name}.log").read_text(errors="replace").splitlines()[-8:])

    # -- its parts ----------------------------------------------------------------------------------

    def _start(self, name: str, *flags: str) -> None:
        self.start(name, str(self._kubernetes / name), *flags)

    def _start_kwok(self, *, complete: bool) -> subprocess.Popen[bytes]:
        rules = self.state / ("complete.yaml" if complete else "run.yaml")
        rules.write_text(yaml.safe_dump_all(stages(complete=complete)))
        return self.start(
            "kwok",
            str(self._kwok_program),
            f"--kubeconfig={self.kubeconfig('kwok')}",
            f"--config={rules}",
            "--v=WARN",
            "--manage-all-nodes",
            "--node-ip=10.99.0.2",
            "--cidr=10.128.0.0/16",
        )

    def _etcd(self) -> Sequence[str]:
        return ("--unsafe-no-fsync", "--log-level=error", f"--data-dir={self.state}/etcd")

    def _api_server(self) -> Sequence[str]:
        return (
            "--etcd-servers=http://127.0.0.1:2379",
            f"--bind-address={ADDRESS}",
            "--secure-port=6443",
            f"--advertise-address={ADDRESS}",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--tls-cert-file={self.pki}/kube-apiserver.crt",
            f"--tls-private-key-file={self.pki}/kube-apiserver.key",
            f"--client-ca-file={self.pki}/ca.crt",
            f"--service-account-key-file={self.pki}/sa.key",
            f"--service-account-signing-key-file={self.pki}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--authorization-mode=RBAC",
            # Nobody renews the leases of nodes that are only told of, so nobody may look at them either.
            "--disable-admission-plugins=TaintNodesByCondition",
            f"--audit-policy-file={self.state}/audit.yaml",
            f"--audit-log-path={self.audit}",
            "--audit-log-mode=blocking",
        )

    def _controllers(self) -> Sequence[str]:
        return (
            f"--kubeconfig={self.kubeconfig('kube-controller-manager')}",
            f"--service-account-private-key-file={self.pki}/sa.key",
            f"--root-ca-file={self.pki}/ca.crt",
            "--leader-elect=false",
            "--use-service-account-credentials",
            "--controllers=*,-node-lifecycle-controller",
            "--pvclaimbinder-sync-period=1s",
            "--concurrent-job-syncs=20",
            *_QUICK,
        )

    def _configure(self) -> None:
        self.state.mkdir(parents=True)
        authority = Authority.create(self.pki)
        authority.issue("kube-apiserver", "/CN=kube-apiserver", f"DNS:kubernetes,IP:{ADDRESS}")
        for user, subject in _USERS.items():
            authority.issue(user, subject)
            authority.kubeconfig(user, SERVER, self.kubeconfig(user))
        scheduler: dict[str, Any] = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(self.kubeconfig("kube-scheduler")), "qps": 5000, "burst": 5000},
        }
        for name, content in (("audit", _AUDIT), ("scheduler", scheduler)):
            (self.state / f"{name}.yaml").write_text(yaml.safe_dump(content))

    async def _furnish(self) -> None:
        """Have what every side needs: nodes, a namespace with a volume, the CRD, and the operator's rights."""
        send = self.api.send
        for path in sorted((ROOT / "manifests" / "crd").glob("ullage.dev_*.yaml")):
            await send(
                "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(path.read_text())
            )
        for index in range(NODES):
            await send("POST", "/api/v1/nodes", objects.node(f"node-{index}"))
        await send("POST", "/api/v1/namespaces", {"metadata": {"name": objects.NAMESPACE}})
        await send("POST", "/api/v1/persistentvolumes", objects.volume())
        await send("POST", f"/api/v1/namespaces/{objects.NAMESPACE}/persistentvolumeclaims", objects.claim())
        rights = "/apis/rbac.authorization.k8s.io/v1"
        documents = yaml.safe_load_all((ROOT / "manifests" / "operator" / "operator.yaml").read_text())
        role = next(item for item in documents if item["kind"] == "ClusterRole")
        await send("POST", f"{rights}/clusterroles", role)
        await self.grant(role["metadata"]["name"])
        await self._until(self._furnished, "ready nodes, a bound claim and a default service account")

    async def grant(self, role: str) -> None:
        """Give the operator's user a role."""
        binding = {
            "metadata": {"name": f"bench-{role}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": SERVICE_ACCOUNT}],
        }
        await self.api.send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)

    async def _answers(self) -> bool:
        return await self.api.text("GET", "/readyz") == b"ok"

    async def _furnished(self) -> bool:
        namespace = f"/api/v1/namespaces/{objects.NAMESPACE}"
        await self.api.send("GET", f"{namespace}/serviceaccounts/default")
        await self.api.send("GET", f"/apis/ullage.dev/v1alpha1/namespaces/{objects.NAMESPACE}/trainingjobs")
        claim = await self.api.send("GET", f"{namespace}/persistentvolumeclaims/{objects.CLAIM}")
        nodes = (await self.api.send("GET", "/api/v1/nodes"))["items"]
        return claim["status"]["phase"] == "Bound" and not any(node["spec"].get("taints") for node in nodes)

    async def _until(self, condition: Any, what: str) -> None:
        deadline, found = time.monotonic() + _PATIENCE_SECONDS, "none yet"
        while time.monotonic() < deadline:
            try:
                if await condition():
                    return
            except (RuntimeError, aiohttp.ClientError, OSError) as error:
                found = str(error)
            self.check()
            await asyncio.sleep(0.1)
        raise SystemExit(f"scale: expected {what} within {_PATIENCE_SECONDS:.0f} s, found {found}; {self.logs()}")

    def logs(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(f"{path.name}:\n{self.said(path.stem)}" for path in sorted(self.state.glob("*.log")))

    def _end(self, processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        self._running = [process for process in self._running if process not in processes]
