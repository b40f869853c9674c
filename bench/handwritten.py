"""The other side: what an engineer would write for this model and this data with Horovod, TensorFlow and nothing else.

Everything is in memory, as in Horovod's own examples, and batches are rows of an array, which is faster here than
``tf.data``; a thread takes four of them ahead of the step. Prints as JSON the samples per second
of each epoch, and when the first step ended (Unix time, s).

A rank's matrix products take one core, as such scripts have it; how many operations go side by side is left to
TensorFlow, where Ullage gives a rank its share of the cores for these, too.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import horovod.tensorflow as hvd
import keras
import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf

AHEAD = 4


def load(folder: Path, rank: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every ``size``-th row, beginning with ``rank``."""
    table = pq.read_table(sorted(folder.glob("shard-*.parquet")))
    features = np.frombuffer(b"".join(table.column("x").to_pylist()), np.float32).reshape(table.num_rows, -1)
    return features[rank::size], table.column("y").to_numpy()[rank::size].astype(np.float32)


def batches(features: np.ndarray, labels: np.ndarray, order: np.ndarray, rows: int) -> Iterator[tuple]:
    """Yield so many rows at a time in an order, taken ahead by a thread."""
    firsts = iter(range(0, len(order), rows))

    def take() -> tuple | None:
        first = next(firsts, None)
        chosen = None if first is None else order[first : first + rows]
        return None if chosen is None else (features[chosen], labels[chosen])

    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = deque(reader.submit(take) for _ in range(AHEAD))
        while (batch := coming.popleft().result()) is not None:
            coming.append(reader.submit(take))
            yield batch


def main(folder: str, hidden: str, batch: str, epochs: str) -> None:
    """Train; rank 0 prints."""
    hvd.init()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    features, labels = load(Path(folder) / "train", hvd.rank(), hvd.size())
    layers = [keras.layers.Dense(int(units), activation="relu") for units in hidden.split(",")]
    model = keras.Sequential(
        [
            keras.Input((features.shape[1],)),
            *layers,
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    optimizer = keras.optimizers.Adam(0.001)
    optimizer.build(model.trainable_variables)
    loss = keras.losses.BinaryCrossentropy()
    hvd.broadcast_variables([v.value for v in [*model.variables, *optimizer.variables]], root_rank=0)
    local = int(batch) // hvd.size()
    labels = labels[:, None]
    steps = int(hvd.allreduce(tf.constant(len(labels) // local), op=hvd.Min).numpy())
    random = np.random.default_rng(hvd.rank())

    @tf.function
    def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, [v.value for v in model.trainable_variables])
        optimizer.apply(hvd.grouped_allreduce(gradients, op=hvd.Average), model.trainable_variables)
        return value

    rates, first_step = [], 0.0
    for _ in range(int(epochs)):
        began = time.monotonic()
        order = random.permutation(len(labels))[: steps * local]
        for x, y in batches(features, labels, order, local):
            value = step(x, y)
            first_step = first_step or (float(value), time.time())[1]
        float(value)
        rates.append(steps * local * hvd.size() / (time.monotonic() - began))
    if hvd.rank() == 0:
        print(json.dumps({"rates": rates, "first_step": first_step}))


if __name__ == "__main__":
    main(*sys.argv[1:])
