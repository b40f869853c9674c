"""A rank that is asked to stop while somebody's code makes the model: it was stopped, and the model is not to blame."""

import pytest

from ullage_trainer.config import Reason

PASSED_ON = """\
import os, signal
def build():
    os.kill(os.getpid(), signal.SIGTERM)
    raise AssertionError("expected to be stopped before")
"""
MADE_INTO_ANOTHER = """\
import os, signal
def build():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Exception as error:
        raise ValueError("the model can't be made") from error
"""
SWALLOWED = """\
import os, signal
import keras
def build(input_shape, outputs):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Exception:
        pass
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])
"""


@pytest.mark.parametrize("code", [PASSED_ON, MADE_INTO_ANOTHER, SWALLOWED], ids=["passed on", "another", "swallowed"])
def test_a_stop_while_the_model_is_made_is_a_stop_whatever_the_model_s_code_makes_of_it(lab, code):
    folder = lab.root / "code"
    folder.mkdir(exist_ok=True)
    (folder / "stopped.py").write_text(code)
    name = f"stopped-{len(lab.attempts)}"
    attempt = lab.train(name, ranks=1, model={"module": "stopped:build", "codePath": "code"})
    failure = attempt.end().failure
    assert (attempt.process.returncode, failure.reason, failure.message) == (
        143, Reason.STOPPED, "stopped on request",
    ), attempt.printed()  # fmt: skip
