"""Whatever happens to files of checkpoints, the newest that is whole is found, and nothing else is taken for one."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ullage_trainer.config import StorageFailure
from ullage_trainer.train.checkpoint import CheckpointWriter, newest
from ullage_trainer.train.position import Position

STEPS = (10, 20, 30)
MILD = ("changed", "longer")
STATE, MANIFEST = "state.npz", "manifest.json"


def write(root, output="job/runs/r/train-1", steps=STEPS, digest="of this job", keep_last=3):
    told = []
    writer = CheckpointWriter(root, output, digest, keep_last, told.append)
    for step in steps:
        writer.write({"model.00000": np.full(50, step, np.float32)}, Position(step=step), step)
    writer.close()
    return told


def found(root, digest="of this job", say=lambda _: None):
    checkpoint = newest(root, "job", root / "job/runs/r", digest, say)
    return None if checkpoint is None else (checkpoint.manifest.step, checkpoint.arrays()["model.00000"][0].item())


def damage(path, kind, where, byte):
    content = path.read_bytes()
    place = round(where * (len(content) - 1))
    if kind == "cut":
        path.write_bytes(content[:place])
    elif kind == "changed":
        path.write_bytes(content[:place] + bytes([content[place] ^ byte]) + content[place + 1 :])
    elif kind == "gone":
        path.unlink()
    elif kind == "longer":
        path.write_bytes(content + bytes([byte]))
    else:
        path.unlink()
        path.mkdir()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    write(root)
    return root


@settings(deadline=None, max_examples=60)
@given(
    damages=st.dictionaries(
        st.sampled_from([(step, name) for step in STEPS for name in (STATE, MANIFEST)]),
        st.tuples(
            st.sampled_from(["cut", "changed", "gone", "longer", "a folder"]), st.floats(0, 1), st.integers(1, 255)
        ),
        max_size=4,
    )
)
def test_the_newest_whole_checkpoint_is_found_whatever_was_done_to_others(whole, damages):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(whole, folder, dirs_exist_ok=True))
        for (step, name), (kind, where, byte) in damages.items():
            damage(next(root.glob(f"job/runs/r/train-1/checkpoints/step-*{step}-epoch-*/{name}")), kind, where, byte)
        damaged = {step for step, _ in damages}
        # A blank more, or a changed one, leaves what a manifest says as it was.
        harmless = {step for (step, name), (kind, *_) in damages.items() if name == MANIFEST and kind in MILD}
        sure = max((step for step in STEPS if step not in damaged), default=None)
        possible = {
            (step, step)
            for step in STEPS
            if step not in damaged or step in harmless - {s for s, name in damages if name == STATE}
        }
        checkpoint = found(root)
        assert checkpoint in possible | ({None} if sure is None else set())
        assert sure is None or checkpoint[0] >= sure


def test_a_checkpoint_of_another_job_and_one_that_is_being_written_are_not_taken(tmp_path):
    write(tmp_path)
    write(tmp_path, "job/runs/r/train-2", (40,), digest="of another job")
    unfinished = tmp_path / "job/runs/r/train-2/checkpoints/step-0000000050-epoch-000000"
    unfinished.mkdir()
    shutil.copy(next(tmp_path.glob("job/runs/r/train-1/checkpoints/*")) / STATE, unfinished)
    assert (found(tmp_path), found(tmp_path, "of another job"), found(tmp_path, "of none")) == (
        (30, 30),
        (40, 40),
        None,
    )


def test_a_manifest_of_which_one_number_changed_is_passed_over(tmp_path):
    write(tmp_path)
    *_, last = sorted(tmp_path.glob("job/runs/r/train-1/checkpoints/*"))
    text = (last / MANIFEST).read_text()
    (last / MANIFEST).write_text(text.replace('"lossSum":0.0', '"lossSum":0.5'))
    said = []
    assert found(tmp_path, say=said.append) == (20, 20)
    assert said == [
        f"{last}/{MANIFEST}: expected a manifest as its own checksum says, found other content; it is passed over"
    ]


def test_what_is_passed_over_is_told_with_its_fault(tmp_path):
    write(tmp_path)
    *_, last = sorted(tmp_path.glob("job/runs/r/train-1/checkpoints/*"))
    (last / STATE).write_bytes(b"short")
    said = []
    assert found(tmp_path, say=said.append) == (20, 20)
    size = (last.parent / "step-0000000020-epoch-000000" / STATE).stat().st_size
    (said,) = said
    assert said == (
        f"job/runs/r/train-1/checkpoints/{last.name}: expected {size} bytes in {STATE}, found 5; the checkpoint before "
        f"it is used"
    )


def test_as_many_as_asked_for_are_kept_and_each_is_told_when_it_is_whole(tmp_path):
    told = write(tmp_path, steps=(10, 20, 30, 40), keep_last=2)
    kept = sorted(path.name for path in tmp_path.glob("job/runs/r/train-1/checkpoints/*"))
    assert kept == ["step-0000000030-epoch-000000", "step-0000000040-epoch-000000"]
    assert [checkpoint.step for checkpoint in told] == [10, 20, 30, 40]


def test_weights_that_are_not_finite_are_not_kept(tmp_path):
    writer = CheckpointWriter(tmp_path, "job/runs/r/train-1", "d", 2, lambda _: None)
    writer.write({"model.00000": np.array([1.0, np.nan])}, Position(), 10)
    writer.close()
    assert list(tmp_path.rglob(STATE)) == []


def test_a_checkpoint_that_finds_no_room_is_a_storage_failure_at_the_next_one(tmp_path):
    (tmp_path / "job/runs/r").mkdir(parents=True)
    (tmp_path / "job/runs/r/train-1").write_text("a file where the folder should be")
    writer = CheckpointWriter(tmp_path, "job/runs/r/train-1", "d", 2, lambda _: None)
    writer.write({"model.00000": np.ones(3)}, Position(), 10)
    with pytest.raises(StorageFailure, match="job/runs/r/train-1/checkpoints: expected to write a checkpoint, found: "):
        writer.wait()
    writer.close()
