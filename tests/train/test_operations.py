"""What training on one sample takes: figures worked out by hand, and what is unknown because it can't be counted."""

import random
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from ullage_trainer.train import operations

layers = keras.layers


def flop_per_sample(model, shape):
    said = []
    counted = operations.flop_per_sample(model, shape, said.append)
    assert said == []
    return counted


def sequential(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def test_a_multilayer_perceptron_takes_three_times_its_multiplications_additions_and_biases():
    model = sequential((2, 4), layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(3))
    assert flop_per_sample(model, (2, 4)) == 3 * ((2 * 8 * 16 + 16) + (2 * 16 * 3 + 3))


def test_a_softmax_takes_five_operations_an_output_and_dropout_next_to_nothing():
    model = sequential((8,), layers.Dense(3, activation="softmax"))
    assert flop_per_sample(model, (8,)) == 3 * (2 * 8 * 3 + 3 + 5 * 3)
    # A draw brought into its range, compared with the rate, and a product; besides, a seed of two numbers.
    dropped = sequential((8,), layers.Dropout(0.5), layers.Dense(3))
    assert flop_per_sample(dropped, (8,)) == 3 * (4 * 8 + 5 + 2 * 8 * 3 + 3)


def test_a_convolution_takes_its_kernel_at_every_place_of_the_output():
    model = sequential(
        (28, 28, 1), layers.Conv2D(8, 3, padding="same", activation="relu"), layers.MaxPooling2D(2), layers.Flatten()
    )
    convolution, biases, pooling = 2 * 3 * 3 * 1 * 8 * 28 * 28, 8 * 28 * 28, 4 * 8 * 14 * 14
    assert flop_per_sample(model, (28, 28, 1)) == 3 * (convolution + biases + pooling)


def test_a_look_up_in_an_embedding_takes_only_what_its_indices_do():
    model = sequential((12,), layers.Embedding(100, 8), layers.Flatten(), layers.Dense(2))
    # Keras has indices below 0 count from the end: one comparison and one addition each.
    assert flop_per_sample(model, (12,)) == 3 * (12 + 12 + 2 * 96 * 2 + 2)


def test_a_product_in_einstein_s_notation_takes_two_operations_for_each_combination_of_indices():
    inputs = keras.Input((12, 4))
    attention = keras.Model(inputs, layers.MultiHeadAttention(2, 4, use_bias=False)(inputs, inputs))
    projections, scores, mixed = 4 * 2 * 12 * 4 * 8, 2 * 2 * 12 * 12 * 4, 2 * 2 * 12 * 12 * 4
    scaling, softmax = 2 * 12 * 12, 5 * 2 * 12 * 12
    assert flop_per_sample(attention, (12, 4)) == 3 * (projections + scores + mixed + scaling + softmax)


class WithFunction(layers.Layer):
    """The user's own layer, with a graph of its own."""

    @tf.function
    def doubled(self, inputs):
        return inputs * 2

    def call(self, inputs):
        return self.doubled(inputs)


class WithInverse(layers.Layer):
    """Does what TensorFlow has no count for."""

    def call(self, inputs):
        return tf.linalg.inv(inputs)


class Failing(layers.Layer):
    """Takes batches only, not a sample alone."""

    def call(self, inputs):
        if inputs.shape[0] == 1:
            raise ValueError("one is too few")
        return inputs


@pytest.mark.parametrize(
    ("shape", "layer", "why"),
    [
        ((12, 4), layers.LSTM(8), r".*\(While\) runs another graph, it is not known how often"),
        ((4,), WithFunction(), r".*\(PartitionedCall\) runs another graph, it is not known how often"),
        ((4, 4), WithInverse(), r"TensorFlow has no count for .*\(MatrixInverse\)"),
        ((4,), Failing(), "ValueError: "),
    ],
)
def test_what_can_not_be_counted_is_unknown_and_said_and_never_a_failure(shape, layer, why):
    said = []
    assert operations.flop_per_sample(sequential(shape, layer), shape, said.append) is None
    (line,) = said
    assert re.match(f"its floating-point operations are not known: {why}", line), line


class Drawing(layers.Layer):
    """Draws while it is traced, as code that is not careful does."""

    def call(self, inputs):
        return inputs * (random.random() + np.random.rand())  # noqa: NPY002 - as old code does


def test_counting_leaves_weights_seeds_and_generators_as_they_were():
    keras.utils.set_random_seed(7)
    model = sequential((4,), Drawing(), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(3))

    def state():
        drawn = np.random.get_state()  # noqa: NPY002 - what old code draws from
        return random.getstate(), drawn[1].tolist(), drawn[2:], [v.numpy().tolist() for v in model.variables]

    before = state()
    assert flop_per_sample(model, (4,)) is not None
    assert state() == before
