"""Programs of users, run by ``ullage run`` on real Horovod ranks."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from ullage_trainer.config import Stage, WorkerState

PROGRAMS = Path(__file__).with_name("programs")
EXAMPLE = Path(__file__).parents[2] / "manifests/examples/code/train_digits.py"
CHECKPOINTS = ["--checkpoint-dir", "$(ULLAGE_CHECKPOINT_DIR)"]


def script(place, source, *arguments):
    """Put a program into storage; return the spec that runs it."""
    (place.storage / "code").mkdir(exist_ok=True)
    if isinstance(source, Path):
        shutil.copy(source, place.storage / "code" / "train.py")
    else:
        (place.storage / "code" / "train.py").write_text(source)
    return {"script": {"path": "code/train.py", "args": [*arguments]}}


def outputs(place):
    return sorted(place.storage.glob("points/runs/*/train-*"))


def logs(place):
    return "".join(folder.log_path.read_text() for folder in place.folders())


def test_a_horovod_script_that_nobody_adapted_runs_as_it_is(place):
    result = place.result(script(place, PROGRAMS / "handwritten.py", *CHECKPOINTS, "--epochs", "15"), "--replicas", "2")
    status = result["job"]["status"]
    assert (status["phase"], status["stages"][0]["attempt"], status.get("metrics", {})) == ("Succeeded", 1, {})
    (output,) = outputs(place)
    made = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    assert made == {"checkpoints/weights.npz", "digits.keras", "manifest.json", "model-card.md"}
    assert json.loads((output / "manifest.json").read_text())["files"].keys() == {"digits.keras", "model-card.md"}
    assert "Made by `code/train.py` of storage" in (output / "model-card.md").read_text()
    assert "[rank 0] epoch 15: loss" in logs(place)
    assert (place.holds(), place.faults()) == ({"train Succeeded": 2}, [])


def test_the_example_is_that_script_with_two_statements_more():
    def code(path):
        _title, *rest = [line for line in path.read_text().splitlines() if line]
        return rest

    told = [line for line in code(EXAMPLE) if line not in code(PROGRAMS / "handwritten.py")]
    assert told == [
        "from ullage_trainer import report",
        '        report(step=epoch + 1, total=options.epochs, loss=float(loss), metrics={"accuracy": accuracy})',
    ]
    assert [line for line in code(EXAMPLE) if line not in told] == code(PROGRAMS / "handwritten.py")


def test_a_script_that_lost_a_rank_goes_on_from_its_own_checkpoint(place):
    run = place.start(
        script(place, PROGRAMS / "handwritten.py", *CHECKPOINTS, "--epochs", "300"), "--replicas", "2", "-o", "json"
    )
    run.wait_until(lambda: any(place.storage.glob("points/runs/*/train-1/checkpoints/weights.npz")), "a checkpoint")
    next(rank for rank in run.ranks() if rank.environ()["HOROVOD_RANK"] == "1").kill()
    ended = run.end()
    assert ended.code == 0, ended.err
    assert "train: attempt 1 failed (Signal): rank 1 was ended by SIGKILL" in ended.err
    printed = logs(place)
    assert "script: beginning with the checkpoints of train-1" in printed
    assert "[rank 0] resuming after epoch" in printed
    assert printed.count("[rank 0] epoch 300: loss") == 1
    assert json.loads(ended.out)["job"]["status"]["stages"][0]["attempt"] == 2
    assert (place.faults(), run.family()) == ([], [])


def test_a_script_that_reports_shows_progress_metrics_and_its_checkpoint(place):
    result = place.result(script(place, EXAMPLE, *CHECKPOINTS, "--epochs", "12"), "--replicas", "2")
    status = result["job"]["status"]
    assert status["metrics"].keys() == {"accuracy"}
    assert status["metrics"]["accuracy"] > 0.8
    progress = status["progress"]
    assert (progress["step"], progress["totalSteps"], progress["doing"]) == (12, 12, "running the script")
    assert progress["metric"] == ["accuracy", status["metrics"]["accuracy"]]
    assert "| accuracy | " in (outputs(place)[0] / "model-card.md").read_text()


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (
            "import sys\nprint('about to give up')\nsys.exit(3)\n",
            "script: expected code/train.py to end with exit code 0, found 3",
        ),
        (
            "def f():\n    raise ValueError('no such fold: 7')\n\nf()\n",
            "found that it raised ValueError: no such fold: 7 (line 4 of train.py)",
        ),
        ("import nosuchpackage\n", "found that it raised ModuleNotFoundError: No module named 'nosuchpackage' (line 1"),
    ],
)
def test_a_script_that_fails_is_named_with_its_line_and_what_it_said(place, program, says):
    ended = place.run(script(place, program) | {"runPolicy": {"maxRestarts": 0}})
    assert ended.code == 1
    assert says in ended.err
    assert "Exception (rank 0 on worker 0)" in ended.err
    assert "runpy" not in ended.err


def test_a_script_that_is_no_python_is_refused_and_not_tried_again(place):
    ended = place.run(script(place, "print(1)\ndef broken(:\n"))
    assert "script.path: expected code/train.py to be Python, found in line 2: invalid syntax" in ended.err
    assert (ended.code, [path.name for path in outputs(place)]) == (3, ["train-1"])


def test_the_rank_that_raised_is_the_cause_although_another_died_of_our_sigterm(place):
    program = """\
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_DFL)
if os.environ["HOROVOD_RANK"] == "1":
    raise ValueError("no such fold: 7")
signal.pause()
"""
    ended = place.run(script(place, program) | {"runPolicy": {"maxRestarts": 0}}, "--replicas", "2")
    assert ended.code == 1
    assert "Exception (rank 1 on worker 1)" in ended.err
    assert "no such fold: 7 (line 4 of train.py)" in ended.err


def test_a_script_that_is_not_there_is_asked_for(place):
    ended = place.run({"script": {"path": "code/other.py"}})
    assert "script.path: expected a file at 'code/other.py' in storage, found none" in ended.err
    module = place.run({"script": {"module": "no.such"}})
    assert "script.module: expected a module no.such that is installed in the image, found none" in module.err


def test_a_module_runs_as_python_runs_it(place):
    result = place.result({"script": {"module": "json.tool", "args": ["--help"]}})
    assert result["job"]["status"]["phase"] == "Succeeded"
    assert "usage: " in logs(place)


def test_sigterm_ends_a_script_that_does_not_mind_it(place):
    run = place.start(script(place, PROGRAMS / "handwritten.py", *CHECKPOINTS, "--epochs", "9000"), "--replicas", "2")
    run.wait_until(lambda: place.says(WorkerState.RUNNING, Stage.TRAIN) and "epoch 1:" in logs(place), "an epoch")
    run.signal(signal.SIGTERM)
    ended = run.end()
    assert (ended.code, run.family(), place.faults()) == (143, [], [])
    assert place.holds() == {"train Stopped": 2}


def test_a_script_does_not_see_the_key_of_the_gang(place):
    program = "import os\nprint(sorted(name for name in os.environ if 'KEY' in name and name.startswith('ULLAGE')))\n"
    place.result(script(place, program))
    assert "[rank 0] []" in logs(place)
