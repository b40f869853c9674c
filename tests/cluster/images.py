"""Both images, built by the Dockerfile on a base from Debian's packages; their layers are kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cluster import node
from cluster.components import NUMBER

TARGETS = ("operator", "trainer")
TOOLS = {"buildah": "buildah", "debootstrap": "debootstrap"}
_PACKAGES = "python3,python3-dev,python3-venv,ca-certificates"
_CERTIFICATES = Path("/etc/ssl/certs")


def reference(target: str) -> str:
    """Return an image's name; each cluster has images of its own."""
    return f"localhost/ullage-{target}:test{NUMBER or ''}"


def missing() -> list[str]:
    """Return what building images needs and this machine lacks, each as a phrase."""
    lacks = sorted(package for tool, package in TOOLS.items() if shutil.which(tool) is None)
    return [f"the Debian packages {', '.join(lacks)}"] if lacks else []


def build(say: Callable[[str], None]) -> None:
    """Build both images; what has not changed since the last time is taken from its layers."""
    base = _base(say)
    for target in TARGETS:
        say(f"building the image of the {target} (the first time about {'4 minutes' if target == 'trainer' else '1'})")
        _buildah(
            *("bud", "--isolation", "chroot", "--layers", "--target", target, "--tag", reference(target)),
            *("--build-arg", f"BASE={base}", "--build-arg", f"BUILD_BASE={base}"),
            *("--build-arg", f"SSL_CERT_FILE={os.environ.get('SSL_CERT_FILE', '')}"),
            *("--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"),
            str(node.ROOT),
        )


def load(say: Callable[[str], None]) -> None:
    """Give the cluster both images."""
    for target in TARGETS:
        say(f"giving the cluster the image of the {target}")
        with tempfile.TemporaryDirectory(prefix="ullage-image-") as folder:
            archive = Path(folder) / f"{target}.tar"
            # Not compressed: it goes no further than this machine.
            _buildah("push", "-D", reference(target), f"oci-archive:{archive}:{reference(target)}")
            node.load(archive)


def _base(say: Callable[[str], None]) -> str:
    """Return the base that stands for ``python:3.11-slim-bookworm``: Debian's own Python."""
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
        (root / "usr/bin/python").symlink_to("python3")
        container = _buildah("from", "scratch")
        _buildah("add", "--quiet", container, str(root), "/")
        _buildah("commit", "--quiet", "--rm", container, name)
    return name


def _buildah(*arguments: str) -> str:
    return _run(["buildah", *arguments], f"buildah {arguments[0]}")


def _run(command: list[str], what: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if ended.returncode:
        lines = (ended.stdout + ended.stderr).strip().splitlines()[-15:]
        raise SystemExit("\n".join([f"cluster: {what} failed:", *lines]))
    return ended.stdout.strip()


def _environment() -> dict[str, str]:
    return os.environ | {"STORAGE_DRIVER": "overlay"}
