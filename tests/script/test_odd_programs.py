"""Programs that do what no training should, each in an agent of its own: the agent says how they ended, and ends."""

import signal
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from local.runs.harness import PATIENCE_SECONDS, wait_until
from resume.attempts import Lab
from ullage_trainer.config import (
    Gang,
    InputMissing,
    JobIdentity,
    Reason,
    Script,
    Stage,
    StageDocument,
    Storage,
    WorkerState,
)
from ullage_trainer.script.run import _check_syntax


@pytest.fixture
def lab(tmp_path):
    made = Lab(tmp_path)
    yield made
    made.close()


def start(lab, program, *arguments, ranks=1, stall_timeout_seconds=600, **places):
    (lab.root / "train.py").write_text(textwrap.dedent(program))
    document = StageDocument(
        job=JobIdentity(namespace="tests", name="odd", uid="uid-of-odd"),
        stage=Stage.TRAIN,
        attempt=1,
        storage=Storage(root=str(lab.root), job="odd", output="odd/runs/r/train-1"),
        gang=Gang(slots_per_worker=ranks),
        script=Script(path="train.py", args=list(arguments)),
        grace_period_seconds=4,
        stall_timeout_seconds=stall_timeout_seconds,
    )
    return lab.start(document, **places)


def test_a_signal_without_a_name_is_told_by_its_number(lab):
    attempt = start(lab, "import os; os.kill(os.getpid(), 40)")
    failure = attempt.end().failure
    assert (attempt.process.returncode, failure.reason, failure.signal) == (71, Reason.SIGNAL, "SIGRTMIN+6")


def test_more_metrics_than_a_report_holds_do_no_harm(lab):
    attempt = start(lab, "from ullage_trainer import report; report(step=1, metrics={f'm{n}': n for n in range(40)})")
    report = attempt.end()
    assert (attempt.process.returncode, len(report.metrics)) == (0, 32)


def test_a_program_that_closes_all_it_did_not_open_runs_on_and_its_agent_waits_without_work(lab):
    attempt = start(
        lab,
        """
        import os, time
        os.closerange(0, 256)
        open("closed", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.05)
        """,
    )
    wait_until((attempt.output / "closed").exists, "closed pipes")
    agent = psutil.Process(attempt.process.pid)
    began, before = time.monotonic(), sum(agent.cpu_times()[:2])
    wait_until(lambda: time.monotonic() - began > 1, "a second of waiting")
    took = (sum(agent.cpu_times()[:2]) - before) / (time.monotonic() - began)
    (attempt.output / "go").touch()
    assert attempt.end().state is WorkerState.SUCCEEDED
    # A loop without a wait takes a whole core, or half of one that is shared.
    assert took < 0.3


def test_output_without_an_end_of_line_does_not_grow_in_the_agents_memory(lab):
    attempt = start(lab, "import os\nfor _ in range(1600): os.write(1, b'x' * 65536)")
    report = attempt.end()
    assert (attempt.process.returncode, report.state) == (0, WorkerState.SUCCEEDED)
    assert attempt.log.stat().st_size > 100 << 20
    assert report.usage.peak_memory_bytes < 160 << 20


def test_last_lines_are_fit_for_a_terminal(lab):
    attempt = start(lab, r"import os, sys; os.write(1, b'\x1b[31mred\x07\xff\x00\n 1%\r99%\n'); sys.exit(2)")
    assert attempt.end().failure.last_lines == ["red \ufffd ", "99%"]


@pytest.mark.parametrize("end", ["print('done')", "raise ValueError('no')", "os.kill(os.getpid(), 9)"])
def test_processes_that_a_program_leaves_behind_end_with_it(lab, end):
    attempt = start(
        lab,
        f"""
        import os, subprocess, sys
        sleeper = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"]
        left = [subprocess.Popen(sleeper, start_new_session=new, stdout=subprocess.PIPE) for new in (False, True)]
        for process in left:
            process.stdout.read(1)
        open("left", "w").write(" ".join(str(process.pid) for process in left))
        {end}
        """,
    )
    attempt.end()
    left = [int(pid) for pid in (attempt.output / "left").read_text().split()]
    assert (len(left), [pid for pid in left if psutil.pid_exists(pid)]) == (2, [])


def test_a_program_under_sigstop_that_never_reports_is_named_as_stalled(lab):
    attempt = start(
        lab,
        """
        import os, signal, time
        if os.environ["HOROVOD_RANK"] == "1":
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(600)
        """,
        ranks=2,
        stall_timeout_seconds=2,
    )
    failure = attempt.end().failure
    assert (attempt.process.returncode, failure.reason, failure.rank) == (124, Reason.STALLED, 1)
    assert failure.message.endswith("rank 1 is stopped (by SIGSTOP or a debugger)")


def test_a_program_that_minds_no_signal_is_ended_within_the_grace_period(lab):
    attempt = start(
        lab,
        """
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("ready", "w").close()
        while True:
            signal.pause()
        """,
    )
    wait_until((attempt.output / "ready").exists, "a program that runs")
    began = time.monotonic()
    attempt.process.send_signal(signal.SIGTERM)
    report = attempt.end()
    assert (attempt.process.returncode, report.state, report.failure.reason) == (
        143, WorkerState.STOPPED, Reason.STOPPED,
    )  # fmt: skip
    assert time.monotonic() - began < 6


def test_sigterm_to_a_rank_that_dies_of_it_stops_the_gang(lab):
    attempt = start(
        lab,
        """
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        open("ready-" + os.environ["HOROVOD_RANK"], "w").close()
        signal.pause()
        """,
        ranks=2,
    )
    wait_until(lambda: len(list(attempt.output.glob("ready-*"))) == 2, "two programs that run")
    attempt.ranks()[1].terminate()
    report = attempt.end()
    assert (attempt.process.returncode, report.state) == (143, WorkerState.STOPPED)
    assert (report.failure.reason, report.failure.rank, report.failure.signal) == (Reason.STOPPED, 1, "SIGTERM")


def test_a_log_or_a_report_that_takes_no_more_does_not_end_a_program(lab):
    program = "print('a line that finds no room')\nopen('made', 'w').close()"
    full = Path("/dev/full")
    attempt = start(lab, program, log=full)
    assert (attempt.end().state, (attempt.output / "made").exists()) == (WorkerState.SUCCEEDED, True)
    # Not the same again: what the first one made would be taken instead.
    attempt = start(lab, program, "again", report=full)
    assert attempt.process.wait(PATIENCE_SECONDS) == 0
    said = "/dev/full: expected to write the report, found: No space left on device"
    assert set(attempt.printed().splitlines()) == {said, "[rank 0] a line that finds no room"}


def test_arguments_reach_the_program_as_they_are_written(lab):
    arguments = ["two words", "$(", "$(NO_SUCH)", "$$(ULLAGE_OUTPUT_DIR)", "$(ULLAGE_OUTPUT_DIR)/a b", "; rm -rf /", ""]
    attempt = start(lab, "import json, sys; json.dump(sys.argv[1:], open('arguments', 'w'))", *arguments)
    assert attempt.end().failure is None
    assert (attempt.output / "arguments").read_text() == (
        f'["two words", "$(", "$(NO_SUCH)", "$(ULLAGE_OUTPUT_DIR)", "{attempt.output}/a b", "; rm -rf /", ""]'
    )


def test_a_program_that_can_not_be_read_is_refused(tmp_path):
    with pytest.raises(InputMissing, match="script.path: expected to read code/train.py, found: Is a directory; give"):
        _check_syntax(tmp_path, "code/train.py")


def test_a_program_that_is_asked_to_stop_while_its_error_is_told_has_failed_of_that_error(lab):
    attempt = start(
        lab,
        """
        import os, signal
        class Late(Exception):
            def __str__(self):
                os.kill(os.getpid(), signal.SIGTERM)
                return "it broke before"
        raise Late
        """,
    )
    failure = attempt.end().failure
    assert (failure.reason, failure.message) == (
        Reason.EXCEPTION,
        "script: expected train.py to end well, found that it raised Late: it broke before (line 7 of train.py)",
    )
