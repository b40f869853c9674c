"""Both images, built by the Dockerfile on a base from Debian's packages; their layers are kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cluster import node, ways
from cluster.components import NUMBER, PAUSE

TARGETS = ("operator", "trainer")
REGISTRY = os.environ.get("ULLAGE_TEST_REGISTRY", "")
"""Where a named cluster pulls images from, if it is to be given any."""
PULL_POLICY = "Always" if REGISTRY else "Never"
TOOLS = {"buildah": "buildah", "debootstrap": "debootstrap"}
_PACKAGES = "ca-certificates"
_CERTIFICATES = Path("/etc/ssl/certs")


def reference(target: str) -> str:
    """Return an image's name; each cluster has images of its own."""
    return f"{REGISTRY or 'localhost'}/ullage-{target}:test{NUMBER or ''}"


def missing() -> list[str]:
    """Return what giving the cluster its images needs and this machine lacks, each as a phrase."""
    named = not REGISTRY and isinstance(ways.current(), ways.Named)
    return [] if named else missing_to_build()


def missing_to_build() -> list[str]:
    """Return what building the images needs and this machine lacks, each as a phrase."""
    lacks = sorted(package for tool, package in TOOLS.items() if shutil.which(tool) is None)
    return [f"the Debian packages {', '.join(lacks)}"] if lacks else []


def build(say: Callable[[str], None]) -> None:
    """Build both images; what has not changed since the last time is taken from its layers."""
    base = _base(say)
    for target in TARGETS:
        say(f"building the image of the {target} (the first time about {'4 minutes' if target == 'trainer' else '1'})")
        buildah(
            *("bud", "--isolation", "chroot", "--layers", "--target", target, "--tag", reference(target)),
            *("--build-arg", f"BASE={base}", "--build-arg", f"BUILD_BASE={base}"),
            *("--build-arg", f"SSL_CERT_FILE={os.environ.get('SSL_CERT_FILE', '')}"),
            *("--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"),
            str(node.ROOT),
        )


def provide(say: Callable[[str], None]) -> None:
    """Have the cluster know both images: build them and give them to its nodes, or to the registry it pulls from.

    A cluster that is only named is taken to have them.
    """
    way = ways.current()
    if REGISTRY:
        build(say)
        for target in TARGETS:
            say(f"pushing the image of the {target} to {REGISTRY}")
            buildah("push", reference(target), f"docker://{reference(target)}")
    elif isinstance(way, ways.Named):
        taken = ", ".join([*map(reference, TARGETS), PAUSE])
        say(f"the named cluster is taken to have the images {taken}; ULLAGE_TEST_REGISTRY names a registry to push to")
    else:
        build(say)
        load(way, say)


def load(way: ways.Way, say: Callable[[str], None]) -> None:
    """Give the cluster's nodes both images."""
    for target in TARGETS:
        say(f"giving the cluster the image of the {target}")
        with tempfile.TemporaryDirectory(prefix="ullage-image-") as folder:
            archive = Path(folder) / f"{target}.tar"
            # Not compressed: it goes no further than this machine.
            buildah("push", "-D", reference(target), f"oci-archive:{archive}:{reference(target)}")
            way.load(archive)


def _base(say: Callable[[str], None]) -> str:
    """Return the base that stands for one from a registry: Debian without Python, as CUDA's images are without."""
    name = f"localhost/ullage-base:{hashlib.sha256(_PACKAGES.encode()).hexdigest()[:12]}"
    if (
        subprocess.run(["buildah", "inspect", name], capture_output=True, check=False, env=_environment()).returncode
        == 0
    ):
        return name
    say("building the base of the images from Debian's packages (once; about a minute)")
    with tempfile.TemporaryDirectory(prefix="ullage-base-") as folder:
        root = Path(folder) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(root)]
        _run(command, "debootstrap")
        container = buildah("from", "scratch")
        buildah("add", "--quiet", container, str(root), "/")
        buildah("commit", "--quiet", "--rm", container, name)
    return name


def buildah(*arguments: str) -> str:
    """Run buildah where the images are; return what it says.

    Raises
    ------
    SystemExit
        It failed: the end of what it said.
    """
    return _run(["buildah", *arguments], f"buildah {arguments[0]}")


def _run(command: list[str], what: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if ended.returncode:
        lines = (ended.stdout + ended.stderr).strip().splitlines()[-15:]
        raise SystemExit("\n".join([f"cluster: {what} failed:", *lines]))
    return ended.stdout.strip()


def _environment() -> dict[str, str]:
    return os.environ | {"STORAGE_DRIVER": "overlay"}
