"""What a rank of these tests runs: SGD steps through the real step, weights and batches written down."""

import itertools
import sys
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

from ullage_trainer.config import Loss, Metric
from ullage_trainer.distributed.collectives import Communicator
from ullage_trainer.train.objective import Objective, measures
from ullage_trainer.train.step import StepOrder, Trainer
from ullage_trainer.train.stream import training_chunks

SHARDS = 12
BATCH = 50


class DigitBlocks:
    """scikit-learn's 1,797 digits in shards of unequal size, one of them empty; blocks of 64 rows."""

    def __init__(self):
        digits = load_digits()
        cuts = np.cumsum([0, 301, 7, 0, 160, 160, 160, 160, 160, 160, 200, 130])
        self.x = np.split(digits.data.astype(np.float32), [*cuts[1:]])
        self.y = np.split(digits.target.astype(np.int32), [*cuts[1:]])

    def shard_rows(self, _part):
        return [len(rows) for rows in self.y]

    def block_rows(self, _part, shard):
        rows = len(self.y[shard])
        return [min(64, rows - first) for first in range(0, rows, 64)]

    def read_block(self, _part, shard, block):
        rows = slice(64 * block, 64 * block + 64)
        return self.x[shard][rows], self.y[shard][rows]

    def sample_spec(self):
        return (64,), np.dtype(np.float32), np.dtype(np.int32)


def flat(model):
    return np.concatenate([variable.numpy().ravel() for variable in model.variables])


def main(folder, steps, kind):
    communicator = Communicator(exact=kind == "exact")
    keras.utils.set_random_seed(5 + 100 * communicator.rank)  # only rank 0's initial weights may count
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(16, activation="tanh", kernel_regularizer=keras.regularizers.L2(1e-3)),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    blocks = DigitBlocks()
    objective = Objective(Loss.SPARSE_CATEGORICAL_CROSSENTROPY, (Metric.ACCURACY, Metric.LOG_LOSS), 10)
    settings = {"class_weights": [1 + 0.3 * digit for digit in range(10)], "clip_norm": 0.4}
    trainer = Trainer(
        model,
        keras.optimizers.SGD(0.5),
        objective,
        communicator,
        blocks,
        1 / 16,
        **(settings if kind == "weighted" else {}),
    )
    trainer.share_state()
    weights, losses, batches = [flat(model)], [], []
    chunks = training_chunks(
        blocks, seed=1, epoch=0, global_batch_size=BATCH, rank=communicator.rank, size=communicator.size
    )
    for batch in itertools.islice(itertools.chain.from_iterable(chunks), steps):
        outcome = trainer.step(batch, StepOrder(learning_rate=0.5))
        losses.append((outcome.loss, outcome.samples))
        weights.append(flat(model))
        batches.append(np.column_stack([batch.labels[: batch.rows], batch.features[: batch.rows]]))
    tested = trainer.evaluate(blocks, "test", lambda: False)
    found = measures(objective, tested.sums, tested.scores)
    np.savez(
        Path(folder) / f"rank-{communicator.rank}.npz",
        weights=np.array(weights),
        losses=np.array(losses),
        sizes=np.array([len(rows) for rows in batches]),
        batches=np.concatenate(batches),
        measures=np.array([found["accuracy"], found["log_loss"], tested.sums[0]]),
    )
    communicator.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
