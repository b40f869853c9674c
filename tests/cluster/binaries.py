"""Kubernetes, etcd, CoreDNS, kubectl and the pause program, built from Go modules once, outside the checkout."""

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
    cache = _cache()
    done = cache / _digest("dns", "node")
    if done.is_dir():
        return done
    making = cache / f"{done.name}.{os.getpid()}"
    making.mkdir(parents=True)
    say("building Kubernetes and etcd from Go modules (once; about 6 minutes on 2 cores)")
    _go("node", ".", making / "kubernetes", _stamp())
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


def without_kubectl() -> list[str]:
    """Return what the tests that call kubectl need and this machine lacks, each as a phrase."""
    return [] if shutil.which("kubectl") or shutil.which("go") else ["kubectl, or Go 1.25 or later to build it"]


def kubectl(say: Callable[[str], None]) -> Path:
    """Return this machine's kubectl, or where it has none that of the same Kubernetes, built if it was not before."""
    if found := shutil.which("kubectl"):
        return Path(found)
    program = _cache() / f"kubectl_{_digest('kubectl')}" / "kubectl"
    if not program.exists():
        say("building kubectl from its Go modules (once; about 2 minutes)")
        making = program.with_name(f"kubectl.{os.getpid()}")
        _go("kubectl", ".", making, _stamp())
        making.rename(program)
    return program


def _stamp() -> str:
    version = "k8s.io/component-base/version"
    major, minor, _ = KUBERNETES.split(".")
    return f"-X {version}.gitVersion=v{KUBERNETES} -X {version}.gitMajor={major} -X {version}.gitMinor={minor}"


def _digest(*modules: str) -> str:
    files = ("go.mod", "go.sum", "main.go")
    sources = sorted(path for module in modules for path in (HERE / module).glob("**/*") if path.name in files)
    digest = hashlib.sha256(b"".join(str(path.relative_to(HERE)).encode() + path.read_bytes() for path in sources))
    return digest.hexdigest()[:16]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ullage" / "cluster"


def _go(module: str, package: str, output: Path, stamp: str = "") -> None:
    subprocess.run(
        ["go", "build", "-trimpath", "-mod=readonly", f"-ldflags=-s -w {stamp}", "-o", str(output), package],
        cwd=HERE / module,
        env=os.environ | {"CGO_ENABLED": "0"},
        check=True,
    )
