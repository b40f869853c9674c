"""How far equal jobs on other numbers of ranks agree, by what a model does with a sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import keras
import tensorflow as tf

from ullage_trainer.config import ConfigError

_BATCH_DEPENDENT = (keras.layers.BatchNormalization,)
_RANDOM = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)
_RANDOM_OPERATION: Final = re.compile("Random|Multinomial|TruncatedNormal|StatefulUniform|StatefulStandardNormal")
"""TensorFlow's operations that draw numbers, by their type."""
_COUNTED: Final = re.compile(r"_[0-9]+$")
"""What TensorFlow adds to a scope's name that is there already."""


def exactness(model: keras.Model, input_shape: Sequence[int], *, exact: bool) -> str:
    """Say how far runs on other numbers of ranks agree: ``bitwise``, ``rounding`` or ``statistical``.

    ``bitwise`` is for equal runs on the same number of ranks; across numbers of ranks sums are taken in
    another order, so that these agree up to rounding.

    Raises
    ------
    ConfigError
        If ``exact`` is asked for and layers draw random numbers or look across the batch, naming them.
    """
    layers = {layer.name: layer for layer in model._flatten_layers() if layer is not model}  # noqa: SLF001 - Keras has no public walk over nested layers
    known = [name for name, layer in layers.items() if isinstance(layer, _BATCH_DEPENDENT + _RANDOM)]
    found = [f"{name} ({type(layers[name]).__name__})" for name in known]
    drawn: dict[str, None] = {}
    for scopes, operation in _drawing(model, input_shape):
        inside = _layers_of(scopes, layers)
        if not any(name in known for name in inside):
            drawn[f"{inside[-1]} ({type(layers[inside[-1]]).__name__})" if inside else operation] = None
    found += drawn
    if exact and found:
        raise ConfigError(
            f"training.exact: expected layers whose result depends on the sample alone, found {', '.join(found)}; "
            f"leave these layers out or set training.exact to false"
        )
    return "statistical" if found else "bitwise" if exact else "rounding"


def _drawing(model: keras.Model, input_shape: Sequence[int]) -> Iterator[tuple[list[str], str]]:
    """Yield scopes and type of each operation that draws numbers while the model is trained."""
    samples = tf.TensorSpec((None, *input_shape), tf.float32)
    graph = tf.function(lambda x: model(x, training=True)).get_concrete_function(samples).graph
    for operation in graph.get_operations():
        if _RANDOM_OPERATION.search(operation.type):
            yield operation.name.split("/"), operation.type
    for function in graph.as_graph_def().library.function:
        for node in function.node_def:
            if _RANDOM_OPERATION.search(node.op):
                yield node.name.split("/"), node.op


def _layers_of(scopes: Sequence[str], layers: dict[str, keras.layers.Layer]) -> list[str]:
    """Return the layers that scopes are named after, outermost first."""
    named = [scope if scope in layers else _COUNTED.sub("", scope) for scope in scopes]
    return [name for name in named if name in layers]
