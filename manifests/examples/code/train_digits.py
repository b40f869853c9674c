"""Train a small network on scikit-learn's digits with Horovod: what Ullage needs to show progress are two lines."""

import argparse
from pathlib import Path

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

from ullage_trainer import report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint-dir", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()

    hvd.init()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    digits = load_digits()
    x, y = (digits.data / 16).astype(np.float32), digits.target.astype(np.int32)
    x_train, y_train, x_test, y_test = x[:1437], y[:1437], x[1437:], y[1437:]
    mine = slice(hvd.rank(), None, hvd.size())
    batches = tf.data.Dataset.from_tensor_slices((x_train[mine], y_train[mine]))
    batches = batches.shuffle(2000, seed=1).batch(32, drop_remainder=True)

    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10)])
    optimizer = keras.optimizers.SGD(0.05 * hvd.size(), momentum=0.9)
    optimizer.build(model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    state = [variable.value for variable in [*model.variables, *optimizer.variables]]

    checkpoint = options.checkpoint_dir / "weights.npz"
    first_epoch = 0
    if hvd.rank() == 0 and checkpoint.exists():
        with np.load(checkpoint) as saved:
            for index, variable in enumerate(state):
                variable.assign(saved[f"v{index}"])
            first_epoch = int(saved["epoch"])
        print(f"resuming after epoch {first_epoch}", flush=True)
    first_epoch = int(hvd.broadcast(tf.constant(first_epoch), root_rank=0).numpy())
    hvd.broadcast_variables(state, root_rank=0)

    @tf.function
    def step(features, labels):
        variables = [variable.value for variable in model.trainable_variables]
        with hvd.DistributedGradientTape(tf.GradientTape()) as tape:
            loss = loss_of(labels, model(features, training=True))
        optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
        return loss

    for epoch in range(first_epoch, options.epochs):
        for features, labels in batches:
            loss = step(features, labels)
        accuracy = float(np.mean(np.argmax(model(x_test), axis=1) == y_test))
        if hvd.rank() == 0:
            print(f"epoch {epoch + 1}: loss {loss:.4f}, test accuracy {accuracy:.4f}", flush=True)
            options.checkpoint_dir.mkdir(parents=True, exist_ok=True)
            partial = options.checkpoint_dir / "partial.npz"
            np.savez(partial, epoch=epoch + 1, **{f"v{index}": v.numpy() for index, v in enumerate(state)})
            partial.replace(checkpoint)
        report(step=epoch + 1, total=options.epochs, loss=float(loss), metrics={"accuracy": accuracy})
    if hvd.rank() == 0:
        model.save("digits.keras")


if __name__ == "__main__":
    main()
