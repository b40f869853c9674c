"""kubectl is there where the machine has none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cluster.binaries import KUBERNETES
from cluster.fixtures import without
from cluster.kubectl import kubectl


def test_a_machine_without_kubectl_has_that_of_the_cluster_s_version(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = shutil.which("go")
    without([] if go else ["Go 1.25 or later"], "building kubectl")
    monkeypatch.setenv("PATH", str(Path(str(go)).parent))
    assert shutil.which("kubectl") is None
    assert kubectl(kubeconfig, "get", "--raw", "/readyz").stdout == "ok"
    said = json.loads(kubectl(kubeconfig, "version", "--output", "json").stdout)
    assert said["clientVersion"]["gitVersion"] == f"v{KUBERNETES}"
