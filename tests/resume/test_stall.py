"""Gangs that no longer move, and what worker 0 tells while they do."""

import json
import signal
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from ullage_trainer.config import Reason

HANGS = """import os, time
def cost(labels, outputs):
    if os.environ["HOROVOD_RANK"] == "1":
        time.sleep(3600)
    return 0 * labels
"""


def get(attempt, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{attempt.port}{path}", timeout=5) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def test_a_rank_under_sigstop_is_named_and_the_next_attempt_goes_on(lab, undisturbed):
    first = lab.train("halted", exact=True, stall_timeout_seconds=10)
    first.reach(100)
    kind, text = get(first, "/metrics")
    assert kind.startswith("text/plain; version=0.0.4")
    values = {family.name: family.samples[0].value for family in text_string_to_metric_families(text)}
    assert values["ullage_training_step"] >= 100
    assert values["ullage_training_seconds_since_last_step"] >= 0
    kind, text = get(first, "/v1/progress")
    assert kind == "application/json"
    assert json.loads(text)["step"] >= 100
    first.ranks()[1].send_signal(signal.SIGSTOP)
    report = first.end()
    assert (first.process.returncode, report.failure.reason, report.failure.rank) == (124, Reason.STALLED, 1)
    assert report.failure.message == (
        "expected progress within 10 s (runPolicy.stallTimeoutSeconds), found none: rank 1 is stopped "
        "(by SIGSTOP or a debugger)"
    )
    second = lab.train("halted", 2, exact=True)
    assert second.end().failure is None
    assert second.summary()["weightsSha256"] == undisturbed.summary()["weightsSha256"]


def test_a_rank_whose_own_code_hangs_is_named_with_its_line(lab):
    (lab.root / "code").mkdir(exist_ok=True)
    (lab.root / "code/hanging.py").write_text(HANGS)
    attempt = lab.train(
        "hanging",
        model={"mlp": {"hiddenUnits": [4]}, "codePath": "code"},
        customMetrics=["hanging:cost"],
        stall_timeout_seconds=10,
    )
    failure = attempt.end().failure
    assert (failure.reason, failure.rank) == (Reason.STALLED, 1)
    assert "rank 1 stands in hanging.py:4 cost, called from objective.py:" in failure.message
    assert failure.last_lines[0].endswith("code/hanging.py:4 cost")


def test_tensorboard_files_and_a_picture_are_there_where_asked_for(lab, undisturbed):
    picture = (undisturbed.output / "learning-curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert not (undisturbed.output / "tensorboard").exists()
    attempt = lab.train("events", tensorBoard=True, ranks=1, epochs=2)
    assert attempt.end().failure is None, attempt.printed()
    (events,) = (attempt.output / "tensorboard").glob("events.out.tfevents.*")
    content = events.read_bytes()
    assert all(name in content for name in (b"loss", b"learning_rate", b"validation/log_loss", b"validation/accuracy"))
