"""From ``spec.model`` to a Keras model whose output fits the label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ullage_trainer.config import ModelInvalid, ModelSpec

from .builtin import cnn, mlp
from .module import call_user_function, told

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class ModelShape:
    """What goes in and what comes out."""

    input_shape: tuple[int, ...]
    """The shape of one sample."""
    classes: int | None
    """How many classes there are; null for regression."""

    @property
    def outputs(self) -> int:
        """Units of the output: a probability a class, one for two classes, one number for regression."""
        return self.classes if self.classes is not None and self.classes > 2 else 1


def build_model(spec: ModelSpec, shape: ModelShape, code: Path | None = None) -> keras.Model:
    """Return the model, built for ``shape``.

    Raises
    ------
    ModelInvalid
        If it does not fit: a CNN for what is no image, a user's model with other inputs or outputs.
    """
    if spec.mlp is not None:
        model = mlp(spec.mlp, shape.input_shape, _head(shape))
    elif spec.cnn is not None:
        if len(shape.input_shape) != 3:
            raise ModelInvalid(
                f"model.cnn: expected samples of shape (height, width, channels), found {shape.input_shape}; "
                f"use model.mlp for tables"
            )
        model = cnn(spec.cnn, shape.input_shape, _head(shape))
    else:
        offered = {"input_shape": shape.input_shape, "outputs": shape.outputs}
        model = call_user_function(spec.module or "", spec.arguments or {}, offered, code)
    _check(model, shape)
    return model


def _head(shape: ModelShape) -> keras.layers.Layer:
    if shape.classes is None:
        return keras.layers.Dense(1, name="value")
    activation = "sigmoid" if shape.outputs == 1 else "softmax"
    return keras.layers.Dense(shape.outputs, activation=activation, name="probabilities")


def output_units(model: keras.Model, shape: ModelShape) -> int:
    """Return how many numbers a built model gives for a sample."""
    return int(model.compute_output_shape((None, *shape.input_shape))[-1])


def _check(model: keras.Model, shape: ModelShape) -> None:
    """See that the model fits, before anything is spent on its training; all that does not is told at once."""
    expected_in = (None, *shape.input_shape)
    try:
        if not model.built:
            model.build(expected_in)
        found_in = getattr(model, "input_shape", expected_in)
        if not _takes(found_in, expected_in):
            raise ModelInvalid(
                f"model: expected inputs of shape {expected_in}, found {found_in}; let the function take input_shape "
                f"(of one sample) and build for it"
            )
        found_out = model.compute_output_shape(expected_in)
    except (ValueError, TypeError, NotImplementedError, tf.errors.OpError) as error:
        raise ModelInvalid(
            f"model: expected a model that takes inputs of shape {expected_in}, found that it raised {told(error)}"
        ) from error
    problems = _misfits(model, found_out, shape)
    if problems:
        raise ModelInvalid("\n".join(f"model: {problem}" for problem in problems))


def _takes(found: Any, expected: Shape) -> bool:
    """Tell whether inputs of the expected shape go in: a dimension of null takes any length."""
    if not isinstance(found, tuple) or len(found) != len(expected):
        return False
    return all(have in (None, want) for have, want in zip(found, expected, strict=True))


def _misfits(model: keras.Model, found_out: Any, shape: ModelShape) -> list[str]:
    problems = []
    expected_out = (None, shape.outputs)
    allowed = {expected_out} | ({(None, 2)} if shape.classes == 2 else set())
    if found_out not in allowed:
        classes = f"{shape.classes} classes" if shape.classes else "one number"
        problems.append(
            f"expected outputs of shape {expected_out} for {classes}, found {found_out}; let the function take "
            f"outputs, and end with a layer of so many units"
        )
    if not model.trainable_variables:
        problems.append("expected trainable weights, found none; add a layer that has some")
    try:
        keras.saving.serialize_keras_object(model)
    except (ValueError, TypeError, NotImplementedError) as error:
        problems.append(f"expected a model that Keras can save, found that it raised {told(error)}")
    return problems
