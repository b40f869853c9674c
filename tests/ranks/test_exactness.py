"""The same job on any number of real Horovod ranks."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ullage_trainer.distributed.rendezvous import Rendezvous, places

PROGRAM = Path(__file__).with_name("program.py")
STEPS = 36  # 1,797 rows in batches of 50: the last one is short, and an epoch ends


@dataclass
class Run:
    """What the ranks of one run wrote down."""

    ranks: list

    def batches(self):
        """The global batches: rows in an order that does not depend on who held them."""
        cuts = [np.cumsum(rank["sizes"])[:-1] for rank in self.ranks]
        parts = [np.split(rank["batches"], cut) for rank, cut in zip(self.ranks, cuts, strict=True)]
        joined = [np.concatenate(of_step) for of_step in zip(*parts, strict=True)]
        return [rows[np.lexsort(rows.T)] for rows in joined]


def run_ranks(folder, size, kind="fused"):
    folder.mkdir()
    store = Rendezvous("127.0.0.1", 1, size, lambda: frozenset({"127.0.0.1"}))
    try:
        ranks = [
            subprocess.Popen(
                [sys.executable, str(PROGRAM), str(folder), str(STEPS), kind],
                env=os.environ
                | {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_NUM_INTRAOP_THREADS": "1"}
                | place.environment(worker=0, rendezvous_host="127.0.0.1", rendezvous_port=store.port, interface="lo"),
                stderr=subprocess.PIPE,
            )
            for place in places(1, size, 0)
        ]
        errors = [rank.communicate(timeout=300)[1] for rank in ranks]
    finally:
        store.close()
    assert [rank.returncode for rank in ranks] == [0] * size, errors
    return Run([dict(np.load(folder / f"rank-{rank}.npz")) for rank in range(size)])


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    return {size: run_ranks(folder / str(size), size) for size in (1, 2, 3, 4)}


@pytest.mark.parametrize("size", [2, 3, 4])
def test_all_ranks_hold_identical_weights_after_every_step(runs, size):
    first, *others = (rank["weights"] for rank in runs[size].ranks)
    assert all(np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_job_on_several_ranks_sees_the_batches_of_the_job_on_one(runs, size):
    alone, several = runs[1].batches(), runs[size].batches()
    assert [len(batch) for batch in alone] == [50] * 35 + [47]
    assert all(np.array_equal(left, right) for left, right in zip(alone, several, strict=True))


@pytest.mark.parametrize("size", [2, 3, 4])
def test_one_step_has_the_same_gradient_on_any_number_of_ranks(runs, size):
    gradient = [np.diff(runs[n].ranks[0]["weights"][:2], axis=0)[0] for n in (1, size)]
    np.testing.assert_allclose(gradient[1], gradient[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_an_epoch_of_sgd_ends_at_the_same_weights_and_losses_on_any_number_of_ranks(runs, size):
    alone, several = runs[1].ranks[0], runs[size].ranks[0]
    np.testing.assert_allclose(several["weights"][20], alone["weights"][20], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(several["losses"], alone["losses"], rtol=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_measures_are_those_of_one_process_that_sees_all_samples(runs, size):
    accuracy, log_loss, samples = runs[size].ranks[-1]["measures"]
    assert samples == 1797
    np.testing.assert_allclose([accuracy, log_loss], runs[1].ranks[0]["measures"][:2], rtol=1e-4)
    assert accuracy > 0.8


def test_two_exact_runs_are_bit_equal(tmp_path):
    runs = [run_ranks(tmp_path / name, 2, "exact") for name in ("first", "second")]
    first, second = (run.ranks[0]["weights"] for run in runs)
    assert np.array_equal(first, second)


def test_class_weights_and_clipping_count_for_the_global_batch_whatever_the_number_of_ranks(runs, tmp_path):
    alone, several = (run_ranks(tmp_path / str(size), size, "weighted").ranks[0] for size in (1, 3))
    np.testing.assert_allclose(several["weights"][20], alone["weights"][20], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(several["losses"], alone["losses"], rtol=1e-4)
    # A gradient is clipped to 0.4 in all, and moves the weights by half of that; without, the first one is longer.
    moved = np.linalg.norm(np.diff(alone["weights"], axis=0), axis=1)
    assert moved.max() <= 0.2 * (1 + 1e-5)
    assert np.linalg.norm(np.diff(runs[1].ranks[0]["weights"][:2], axis=0)) > 0.2
