"""Every part of the node and of its control plane: its command line and its configuration."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from cluster.binaries import CNI
from cluster.certificates import Authority

NUMBER = int(os.environ.get("ULLAGE_CLUSTER_NUMBER", "0"))
"""Which cluster of this machine, 0 to 9: two checkouts can each have one of their own at the same time."""
NODE = "ullage"
LINK = f"ullage{NUMBER}"
HOST_ADDRESS = f"10.213.77.{4 * NUMBER + 1}"
ADDRESS = f"10.213.77.{4 * NUMBER + 2}"
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"
DOMAIN = "cluster.local"
PORT = 6443
SERVER = f"https://{ADDRESS}:{PORT}"
PAUSE = "localhost/pause:1"
CGROUP = f"ullage-cluster{NUMBER or ''}"
SOCKET = "/run/containerd/containerd.sock"
_CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE}",
    "kubelet-client": "/O=system:masters/CN=kube-apiserver-kubelet-client",
    # It lists namespaces, Services and EndpointSlices: of the roles that every cluster has, this one may.
    "coredns": "/CN=system:kube-controller-manager",
}


@dataclass(frozen=True)
class Component:
    """A program that runs for as long as the cluster."""

    name: str
    command: tuple[str, ...]


def configure(state: Path) -> None:
    """Write certificates and configuration into a new state folder."""
    authority = Authority.create(state / "pki")
    names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{DOMAIN}",
        "localhost",
    ]
    addresses = ["127.0.0.1", ADDRESS, FIRST_SERVICE]
    alternatives = ",".join([*(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses)])
    authority.issue("kube-apiserver", "/CN=kube-apiserver", alternatives)
    for name, subject in _CLIENTS.items():
        authority.issue(name, subject)
        authority.kubeconfig(name, SERVER, state / f"{name}.kubeconfig")
    for name, content in _files(state).items():
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


def components(state: Path, binaries: Path) -> list[Component]:
    """Return all parts, in the order in which they start."""
    pki = state / "pki"

    def kubernetes(name: str, *flags: str) -> Component:
        return Component(name, (str(binaries / name), *flags))

    def configured(name: str) -> str:
        return f"--kubeconfig={state}/{name}.kubeconfig"

    etcd = ("--unsafe-no-fsync", "--log-level=warn", f"--data-dir={state}/etcd")
    api = (
        "--etcd-servers=http://127.0.0.1:2379",
        "--bind-address=0.0.0.0",
        f"--secure-port={PORT}",
        f"--advertise-address={ADDRESS}",
        f"--service-cluster-ip-range={SERVICES}",
        f"--tls-cert-file={pki}/kube-apiserver.crt",
        f"--tls-private-key-file={pki}/kube-apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={pki}/sa.key",
        f"--service-account-signing-key-file={pki}/sa.key",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
    )
    controllers = (
        configured("kube-controller-manager"),
        f"--service-account-private-key-file={pki}/sa.key",
        f"--root-ca-file={pki}/ca.crt",
        "--use-service-account-credentials",
        "--leader-elect=false",
        # Half as long as usual, so that tests of a node that is gone need not wait so long.
        "--node-monitor-grace-period=24s",
    )
    return [
        kubernetes("etcd", *etcd),
        kubernetes("kube-apiserver", *api),
        kubernetes("kube-controller-manager", *controllers),
        kubernetes("kube-scheduler", configured("kube-scheduler"), "--leader-elect=false"),
        Component("containerd", ("containerd", "--config", f"{state}/containerd.toml")),
        kubernetes("kube-proxy", f"--config={state}/kube-proxy.yaml", f"--hostname-override={NODE}"),
        kubernetes(
            "kubelet",
            configured("kubelet"),
            f"--config={state}/kubelet.yaml",
            f"--node-ip={ADDRESS}",
            f"--hostname-override={NODE}",
        ),
        Component("coredns", (str(binaries / "coredns"), "-conf", f"{state}/Corefile")),
    ]


def _files(state: Path) -> dict[str, str | dict[str, object]]:
    return {
        "containerd.toml": f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI}"
    conf_dir = "{state}/cni"
""",
        "cni/10-bridge.conflist": json.dumps(
            {
                "cniVersion": "0.4.0",
                "name": "bridge",
                "plugins": [
                    {
                        "type": "bridge",
                        "bridge": "cni0",
                        "isGateway": True,
                        "ipMasq": True,
                        "hairpinMode": True,
                        "ipam": {
                            "type": "host-local",
                            "ranges": [[{"subnet": PODS}]],
                            "routes": [{"dst": "0.0.0.0/0"}],
                        },
                    },
                    {"type": "portmap", "capabilities": {"portMappings": True}},
                ],
            }
        ),
        "kubelet.yaml": {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{state}/pki/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUP}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "clusterDNS": [ADDRESS],
            "clusterDomain": DOMAIN,
            "resolvConf": "",
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1Gi", "imagefs.available": "1Gi"},
            "imageGCHighThresholdPercent": 100,
            "serializeImagePulls": False,
        },
        "kube-proxy.yaml": {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": f"{state}/kube-proxy.kubeconfig"},
            "mode": "iptables",
            "clusterCIDR": PODS,
            # Nothing outside the node's own network is changed, sysctls of the kernel neither.
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
                "udpTimeout": "0s",
                "udpStreamTimeout": "0s",
            },
        },
        "Corefile": f"""\
{DOMAIN} in-addr.arpa {{
  bind {ADDRESS}
  errors
  cache 30
  kubernetes {DOMAIN} in-addr.arpa {{
    kubeconfig {state}/coredns.kubeconfig ullage
  }}
}}
""",
    }
