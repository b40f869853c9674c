"""Arguments of a script, and the folder that outlives its attempts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_trainer.config import JobIdentity, Script, Stage, StageDocument, Storage
from ullage_trainer.script.carry import carry_over
from ullage_trainer.script.environment import expand, script_environment


def document(root, attempt=1, **further):
    return StageDocument(
        job=JobIdentity(namespace="tests", name="digits", uid="uid-of-digits"),
        stage=Stage.TRAIN,
        attempt=attempt,
        storage=Storage(root=str(root), job="digits", output=f"digits/runs/one/train-{attempt}"),
        script=Script(path="code/train.py"),
        **further,
    )


@pytest.mark.parametrize(
    ("argument", "becomes"),
    [
        ("$(HOME)/x", "/root/x"),
        ("--a=$(A)$(A)", "--a=11"),
        ("$(NONE)", "$(NONE)"),
        ("$$(A)", "$(A)"),
        ("$A ${A}", "$A ${A}"),
        ("$$$(A)", "$1"),
    ],
)
def test_arguments_are_expanded_as_kubernetes_expands_args(argument, becomes):
    assert expand([argument], {"HOME": "/root", "A": "1"}) == [becomes]


@given(st.lists(st.text(st.characters(exclude_characters="$"))))
def test_arguments_without_a_dollar_stay_as_they_are(arguments):
    assert expand(arguments, {"A": "1"}) == arguments


def test_a_script_is_told_where_things_are(tmp_path):
    root = str(tmp_path.resolve())
    assert script_environment(document(tmp_path, dataset="data/prepared")) == {
        "ULLAGE_STORAGE_DIR": root,
        "ULLAGE_OUTPUT_DIR": f"{root}/digits/runs/one/train-1",
        "ULLAGE_CHECKPOINT_DIR": f"{root}/digits/runs/one/train-1/checkpoints",
        "ULLAGE_DATASET_DIR": f"{root}/data/prepared",
    }
    assert "ULLAGE_DATASET_DIR" not in script_environment(document(tmp_path))


def test_an_attempt_begins_with_a_copy_of_the_newest_earlier_checkpoints(tmp_path):
    run = tmp_path / "digits/runs/one"
    for attempt, content in ((1, "old"), (2, "new"), (10, "of a later attempt")):
        (run / f"train-{attempt}/checkpoints/sub").mkdir(parents=True)
        (run / f"train-{attempt}/checkpoints/sub/weights").write_text(content)
    (run / "train-3/checkpoints").mkdir(parents=True)
    assert carry_over(document(tmp_path, attempt=4)) == run / "train-2/checkpoints"
    copied = run / "train-4/checkpoints/sub/weights"
    assert copied.read_text() == "new"
    copied.write_text("changed")
    assert (run / "train-2/checkpoints/sub/weights").read_text() == "new"


def test_a_first_attempt_has_an_empty_folder_for_checkpoints(tmp_path):
    assert carry_over(document(tmp_path)) is None
    assert list(Path(tmp_path / "digits/runs/one/train-1/checkpoints").iterdir()) == []
