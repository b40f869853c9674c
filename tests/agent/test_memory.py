"""What the kernel counts of processes that it ended for want of memory."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from ullage_trainer.agent.memory import oom_kills
from ullage_trainer.config import ExitReport, JobIdentity, Reason, Script, Stage, StageDocument, Storage

GROUPS = Path("/sys/fs/cgroup/memory")
LIMIT_BYTES = 500 << 20


@pytest.mark.parametrize(
    ("line", "file", "content", "count"),
    [
        ("4:memory:/pod", "v1/pod/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", 3),
        ("4:memory:/host/path", "v1/memory.oom_control", "oom_kill 1\n", 1),
        ("0::/pod", "v2/pod/memory.events", "low 0\noom 2\noom_kill 2\n", 2),
        ("0::/", "v2/memory.events", "oom_kill 0\n", 0),
        ("0::/", "v2/other", "", None),
        ("4:cpu:/pod", "v1/pod/memory.oom_control", "oom_kill 3\n", None),
    ],
)
def test_the_count_is_that_of_the_own_control_group(tmp_path, line, file, content, count):
    own = tmp_path / "cgroup"
    own.write_text(line + "\n")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(content)
    assert oom_kills(own, tmp_path / "v1", tmp_path / "v2") == count


@pytest.fixture
def group():
    """A control group with so much memory and no more."""
    made = GROUPS / f"ullage-test-{uuid.uuid4().hex[:8]}"
    try:
        made.mkdir()
    except OSError as error:
        pytest.skip(f"needs to make a memory control group (v1), which this machine refuses: {error.strerror}")
    (made / "memory.limit_in_bytes").write_text(str(LIMIT_BYTES))
    yield made
    made.rmdir()


def test_a_rank_that_the_kernel_ends_for_want_of_memory_is_told_from_one_that_somebody_killed(group, tmp_path):
    (tmp_path / "eat.py").write_text("held = []\nwhile True:\n    held.append(bytearray(1 << 24))\n")
    document = StageDocument(
        job=JobIdentity(namespace="tests", name="hungry", uid="uid-of-hungry"),
        stage=Stage.TRAIN,
        attempt=1,
        storage=Storage(root=str(tmp_path), job="hungry", output="hungry/runs/one/train-1"),
        script=Script(path="eat.py"),
    )
    gang = document.gang.model_copy(update={"coordinator_port": 0, "interface": "lo"})
    path, report = tmp_path / "document.json", tmp_path / "report.json"
    path.write_text(document.model_copy(update={"gang": gang}).model_dump_json(by_alias=True, exclude_none=True))
    enter = f"import os; open({str(group / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))"
    start = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_module('ullage_trainer', run_name='__main__')"
    options = ["--document", str(path), "--index", "0", "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-c", f"{enter}\n{start}", "ullage_trainer", *options],
        env={**os.environ, "ULLAGE_GANG_KEY": "00" * 32},
        capture_output=True,
        text=True,
        check=False,
    )
    failure = ExitReport.model_validate(json.loads(report.read_bytes())).failure
    assert (done.returncode, failure.reason, failure.signal, failure.rank) == (137, Reason.OUT_OF_MEMORY, "SIGKILL", 0)
    assert failure.message.startswith("rank 0 was ended by the kernel for want of memory, having held ")
