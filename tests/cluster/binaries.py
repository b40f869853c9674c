"""Kubernetes, etcd, CoreDNS and the pause program, built from Go modules once and kept outside the checkout."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
KUBERNETES = "1.34.4"
GO_TOOLS = {
    "helm": "helm.sh/helm/v3/cmd/helm@v3.22.0",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
    "kwok": "sigs.k8s.io/kwok/cmd/kwok@v0.8.0",
}
"""Programs that tests call, and the Go module of each."""
NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
TOOLS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "openssl": "openssl",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}
"""Programs of the system, and the Debian package of each."""
CNI = Path("/usr/lib/cni")
SYSTEM_PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """Return what a cluster of Go modules needs and this machine lacks, each as a phrase."""
    lacks = [] if os.geteuid() == 0 else ["to be root"]
    if shutil.which("go") is None:
        lacks.append("Go 1.25 or later")
    packages = {package for tool, package in TOOLS.items() if shutil.which(tool, path=SYSTEM_PATHS) is None}
    if not (CNI / "bridge").exists():
        packages.add("containernetworking-plugins")
    if packages:
        lacks.append(f"the Debian packages {', '.join(sorted(packages))}")
    return lacks


def build(say: Callable[[str], None]) -> Path:
    """Return the folder of all programs, built if these sources were not built before."""
    sources = sorted(path for path in HERE.glob("*/**/*") if path.name in ("go.mod", "go.sum", "main.go"))
    digest = hashlib.sha256(b"".join(str(p.relative_to(HERE)).encode() + p.read_bytes() for p in sources))
    cache = _cache()
    done = cache / digest.hexdigest()[:16]
    if done.is_dir():
        return done
    making = cache / f"{done.name}.{os.getpid()}"
    making.mkdir(parents=True)
    version = "k8s.io/component-base/version"
    major, minor, _ = KUBERNETES.split(".")
    stamp = f"-X {version}.gitVersion=v{KUBERNETES} -X {version}.gitMajor={major} -X {version}.gitMinor={minor}"
    say("building Kubernetes and etcd from Go modules (once; about 6 minutes on 2 cores)")
    _go("node", ".", making / "kubernetes", stamp)
    _go("node", "./pause", making / "pause")
    say("building CoreDNS (once; about 2 minutes)")
    _go("dns", ".", making / "coredns")
    for name in NAMES:
        (making / name).symlink_to("kubernetes")
    making.rename(done)
    return done


def tool(name: str, say: Callable[[str], None]) -> Path:
    """Return a program of :data:`GO_TOOLS`, built if that was not done before."""
    module = GO_TOOLS[name]
    folder = _cache() / module.replace("/", "_")
    if not (folder / name).exists():
        say(f"building {name} from its Go module (once; about 2 minutes)")
        subprocess.run(["go", "install", module], env=os.environ | {"GOBIN": str(folder)}, check=True)
    return folder / name


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ullage" / "cluster"


def _go(module: str, package: str, output: Path, stamp: str = "") -> None:
    subprocess.run(
        ["go", "build", "-trimpath", "-mod=readonly", f"-ldflags=-s -w {stamp}", "-o", str(output), package],
        cwd=HERE / module,
        env=os.environ | {"CGO_ENABLED": "0"},
        check=True,
    )
