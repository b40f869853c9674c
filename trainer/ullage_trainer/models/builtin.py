"""The built-in networks, as plain Keras: what a textbook would write, nothing hidden."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from ullage_trainer.config.model import Cnn, Mlp


def mlp(spec: Mlp, shape: Sequence[int], head: keras.layers.Layer) -> keras.Model:
    """Return a multilayer perceptron: samples of any shape are flattened."""
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    layers: list[keras.layers.Layer] = [keras.Input(tuple(shape), name="features"), keras.layers.Flatten()]
    for units in spec.hidden_units:
        layers.append(keras.layers.Dense(units, activation=spec.activation.value, kernel_regularizer=regularizer))
        if spec.dropout:
            layers.append(keras.layers.Dropout(spec.dropout))
    return keras.Sequential([*layers, head], name="mlp")


def cnn(spec: Cnn, shape: Sequence[int], head: keras.layers.Layer) -> keras.Model:
    """Return a convolutional network for samples of shape (height, width, channels)."""
    layers: list[keras.layers.Layer] = [keras.Input(tuple(shape), name="features")]
    for filters in spec.filters:
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", activation=spec.activation.value),
            keras.layers.MaxPooling2D(2, padding="same"),
        ]
    layers.append(keras.layers.Flatten())
    for units in spec.hidden_units:
        layers.append(keras.layers.Dense(units, activation=spec.activation.value))
        if spec.dropout:
            layers.append(keras.layers.Dropout(spec.dropout))
    return keras.Sequential([*layers, head], name="cnn")
