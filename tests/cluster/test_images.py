"""What the images hold, as their users pull them: what runs, and nothing that installs or builds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster import images
from cluster.fixtures import without

LABELS = "org.opencontainers.image"
BUILDS_OR_INSTALLS = re.compile(
    r"(.*-)?(as|cc|c\+\+|clang|cmake|cpp|g\+\+|gcc|ld|make|ninja|nvcc|pip3?|python[\d.]*-config|uv)[-.\d]*"
)


@dataclass(frozen=True)
class Image:
    """An image: its configuration, and a folder of all its files."""

    config: dict[str, Any]
    root: Path

    def programs(self) -> set[str]:
        folders = [
            *("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"),
            "opt/ullage/bin",
            "opt/app/bin",
        ]
        return {path.name for folder in folders for path in (self.root / folder).glob("*")}

    def packages(self) -> set[str]:
        """Return the names of what Python imports, in whichever folder it is."""
        libraries = [*self.root.glob("usr/lib/python3*"), *self.root.glob("usr/local/lib/python3*")]
        libraries += self.root.glob("opt/ullage/lib/python3*")
        folders = [*libraries, *(each / name for each in libraries for name in ("site-packages", "dist-packages"))]
        return {path.stem for folder in [*folders, self.root / "opt/app"] for path in folder.glob("*")}


@pytest.fixture(scope="module")
def _built() -> None:
    without(images.missing_to_build(), "the images")
    images.build(print)


@pytest.fixture(scope="module", params=images.TARGETS)
def image(_built: None, request: pytest.FixtureRequest) -> Iterator[tuple[str, Image]]:
    """Each of both images, with its name."""
    container = images.buildah("from", "--pull-never", images.reference(request.param))
    try:
        root = Path(images.buildah("mount", container))
        config = json.loads(images.buildah("inspect", "--type", "container", container))["OCIv1"]["config"]
        yield request.param, Image(config, root)
    finally:
        images.buildah("rm", container)


def test_an_image_says_what_it_is_and_runs_as_nobody_special(image: tuple[str, Image]) -> None:
    name, found = image
    labels = {key: text for key, text in found.config["Labels"].items() if key.startswith(LABELS)}
    described = {
        "operator": "Watches TrainingJobs, runs their workers and keeps the books",
        "trainer": "A worker of a TrainingJob: TensorFlow, Horovod and Ullage's agent",
    }
    assert labels == {
        f"{LABELS}.title": f"ullage-{name}",
        f"{LABELS}.description": described[name],
        f"{LABELS}.licenses": "Apache-2.0",
    }
    assert (found.config["User"], found.config["Entrypoint"]) == ("10001:10001", ["python", "-m", f"ullage_{name}"])


def test_an_image_holds_what_it_runs_and_not_what_the_other_does(image: tuple[str, Image]) -> None:
    name, found = image
    own = {"operator": {"kopf", "kubernetes"}, "trainer": {"tensorflow", "keras", "horovod"}}
    asked = {"ullage_operator", "ullage_trainer"}.union(*own.values())
    assert found.packages() & asked == {"ullage_operator", "ullage_trainer"} | own[name]


def test_nothing_is_left_in_an_image_that_compiles_or_installs(image: tuple[str, Image]) -> None:
    _, found = image
    assert sorted(filter(BUILDS_OR_INSTALLS.fullmatch, found.programs())) == []
    # wheel is there, which TensorFlow requires; it installs nothing.
    assert found.packages() & {"pip", "ensurepip", "cmake", "ninja"} == set()
    headers = [path for folder in ("usr/include", "usr/local/include") for path in (found.root / folder).rglob("*.h")]
    assert headers == []


def test_the_interpreter_of_an_image_is_where_its_environment_looks_for_it(image: tuple[str, Image]) -> None:
    _, found = image
    link = (found.root / "opt/ullage/bin/python3").readlink()
    assert (found.root / link.relative_to("/")).resolve(strict=True).name.startswith("python3.")
