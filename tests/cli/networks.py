"""Models of users, good and bad: copied into storage as ``code/networks.py`` and named by ``model.module``."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

answer = 42


def good(input_shape: tuple[int, ...], outputs: int, units: int = 3) -> keras.Model:
    layers = [keras.Input(input_shape), keras.layers.Dense(units), keras.layers.Dense(outputs, activation="sigmoid")]
    return keras.Sequential(layers)


def raises(input_shape: tuple[int, ...]) -> keras.Model:
    raise RuntimeError(f"no network for {input_shape}")


def leaves() -> keras.Model:
    raise SystemExit(3)


def returns_text(**_: Any) -> str:
    return "model"


def other_input(outputs: int) -> keras.Model:
    return keras.Sequential([keras.Input((7,)), keras.layers.Dense(outputs)])


def other_output(input_shape: tuple[int, ...]) -> keras.Model:
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(5)])


def no_weights(input_shape: tuple[int, ...]) -> keras.Model:
    return keras.Sequential([keras.Input(input_shape), keras.layers.Rescaling(2.0)])


def never_built() -> keras.Model:
    return keras.Sequential([keras.layers.Conv2D(3, 3), keras.layers.Dense(1)])


class Secretive(keras.layers.Layer):
    """Keras can't save it: what it is made with is no JSON, and it has no ``get_config``."""

    def __init__(self, made_with: object) -> None:
        super().__init__()
        self.made_with = made_with

    def call(self, inputs: Any) -> Any:
        return inputs


def unsaveable(input_shape: tuple[int, ...]) -> keras.Model:
    return keras.Sequential([keras.Input(input_shape), Secretive(object()), keras.layers.Dense(1)])


class Determinant(keras.layers.Layer):
    """Uses an operator that TensorFlow Lite has in no form."""

    def call(self, inputs: Any) -> Any:
        outer = tf.einsum("bi,bj->bij", inputs, inputs) + tf.eye(inputs.shape[1])
        return inputs * tf.linalg.det(outer)[:, None]


def determinant(input_shape: tuple[int, ...]) -> keras.Model:
    return keras.Sequential([keras.Input(input_shape), Determinant(), keras.layers.Dense(1, activation="sigmoid")])
