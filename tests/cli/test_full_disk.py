"""Storage that takes no more: a failure that another try may mend, said with what to look at; the books are whole.

A limit on the size of files stands for a full disk: the kernel refuses writes in the same place.
"""

from __future__ import annotations

import resource

from cli.datasets import csv_text, data, train
from cli.workplace import Workplace

LIMIT_BYTES = 512 << 10
"""Room for the books and for reports, and not for data."""


def _limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))


def test_a_full_disk_ends_prepare_with_a_storage_failure(workplace: Workplace) -> None:
    workplace.store("t.csv", csv_text(60_000))
    ended = workplace.run({"data": data(), "runPolicy": {"maxRestarts": 0}}, before=_limit_files)
    assert (ended.code, ended.out) == (1, "")
    said = ended.verdict.splitlines()[1]
    assert said.startswith("StorageFailure: the prepare stage can't read or write storage: ")
    assert said.endswith("File too large; is there room left?")
    assert workplace.holds() == {"prepare Failed": 1}
    assert workplace.verified() == []
    assert list(workplace.workdir.storage.glob("tiny/runs/*/prepare-1/manifest.json")) == []
    assert workplace.left_running() == []


def test_a_full_disk_ends_training_with_a_storage_failure_and_no_output_that_counts(prepared: Workplace) -> None:
    large = {"mlp": {"hiddenUnits": [60_000]}}
    ended = prepared.run(train(model=large, runPolicy={"maxRestarts": 0}), before=_limit_files)
    assert (ended.code, ended.out) == (1, "")
    said = ended.verdict.splitlines()[1]
    assert said.startswith("StorageFailure (rank 0 on worker 0): tiny/runs/")
    assert said.endswith(
        "/train-1/checkpoints: expected to write a checkpoint, found: File too large; is there room left, and may "
        "this user write there?"
    )
    assert prepared.holds() == {"train Failed": 1}
    assert prepared.verified() == []
    assert list(prepared.workdir.storage.glob("tiny/runs/*/train-1/manifest.json")) == []
    assert prepared.left_running() == []
