"""The floating-point operations of training on one sample, counted from the traced graph.

TensorFlow's own profiler sums the statistics that its operations are registered with, and takes for 0 what it has none
for. The same statistics are summed here, but what would be left out in silence makes the count unknown.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from ullage_trainer.models import told

TRAINING_PASSES: Final = 3
"""The forward pass, and the backward pass, which takes twice as much: gradients of activations and of weights.

Kaplan et al. 2020, "Scaling Laws for Neural Language Models", arXiv:2001.08361, section 2.1; Epoch AI counts so too.
"""
_UNSEEN: Final = re.compile(
    r"MatMul|Conv\d|Rnn|RNN|LSTM|GRU|FFT|PyFunc|Xla|Cholesky|Svd|Qr$|Lu$|Eig|"
    r"Matrix(Inverse|Solve|TriangularSolve|Determinant|Exponential|Logarithm|SquareRoot)"
)
"""Operations that take much, by their type: where TensorFlow has no statistic for one, the count is unknown."""


class _UncountedError(Exception):
    """The graph holds what can't be counted."""


def flop_per_sample(model: keras.Model, input_shape: Sequence[int], say: Callable[[str], None]) -> int | None:
    """Return the operations of training on one sample; None, and said why, where they can't be counted, as in a loop.

    Operations are multiplications and additions, as TensorFlow counts them: of a dense layer 2 x inputs x outputs and
    one for each bias. Element-wise functions that it has no count for, such as ReLU, are 0, and so is a look-up.
    Nothing is computed, and the state of random generators stays as it was.
    """
    drawn = random.getstate(), np.random.get_state()  # noqa: NPY002 - it is the model's code that may draw from it
    try:
        sample = tf.TensorSpec((1, *input_shape), tf.float32)
        graph = tf.function(lambda x: model(x, training=True)).get_concrete_function(sample).graph
        return TRAINING_PASSES * sum(_count(graph, operation) for operation in graph.get_operations())
    except Exception as error:  # noqa: BLE001 - a model that trains is not stopped because it can't be counted
        why = str(error) if isinstance(error, _UncountedError) else told(error)
        say(f"its floating-point operations are not known: {why}")
        return None
    finally:
        random.setstate(drawn[0])
        np.random.set_state(drawn[1])  # noqa: NPY002


def _count(graph: Any, operation: Any) -> int:
    if operation.type == "Einsum":
        return _einsum(operation)
    if any(attribute.HasField("func") or attribute.list.func for attribute in operation.node_def.attr.values()):
        raise _UncountedError(f"{operation.name} ({operation.type}) runs another graph, it is not known how often")
    # Not of TensorFlow's public interface: imported where its absence makes the count unknown, and nothing worse.
    from tensorflow.python.framework import ops  # noqa: PLC0415
    from tensorflow.python.profiler.internal import flops_registry as _registers_them  # noqa: F401, PLC0415

    found = ops.get_stats_for_node_def(graph, operation.node_def, "flops").value
    if found is None and _UNSEEN.search(operation.type):
        raise _UncountedError(f"TensorFlow has no count for {operation.name} ({operation.type})")
    return int(found or 0)


def _einsum(operation: Any) -> int:
    """Count a product of two tensors: for each combination of indices one multiplication and one addition."""
    equation = operation.get_attr("equation").decode()
    terms = equation.split("->")[0].split(",")
    shapes = [tensor.shape.as_list() for tensor in operation.inputs]
    known = all(len(term) == len(shape) and None not in shape for term, shape in zip(terms, shapes, strict=True))
    if not known or "." in equation:
        raise _UncountedError(f"{operation.name} (Einsum) has shapes that are not known")
    if len(terms) == 1:
        return 0
    sizes = {label: size for pair in zip(terms, shapes, strict=True) for label, size in zip(*pair, strict=True)}
    return 2 * int(prod(sizes.values()))
