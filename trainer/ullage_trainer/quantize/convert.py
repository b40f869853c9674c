"""From the exported model to TensorFlow Lite files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from ullage_trainer.config import ModelInvalid, Variant

Samples = Callable[[], Iterator[npt.NDArray[np.float32]]]
VariantName = Variant | Literal["float"]

_OPERATORS: Final = re.compile(
    r"^(?:TF Select ops|Custom ops|Quantization not yet supported for op): (.+)$", re.MULTILINE
)
"""Where the converter says which operators stand in its way."""


def convert(exported: Path, variant: VariantName, calibration: Samples) -> bytes:
    """Return the model as a TensorFlow Lite file.

    Parameters
    ----------
    exported
        The folder of the SavedModel.
    variant
        ``float`` as it is; ``dynamicInt8`` int8 weights; ``int8`` int8 weights and activations;
        ``float16`` half-precision weights.
    calibration
        Gives samples of shape (1, *shape), as the model is fed; ``int8`` takes its ranges from them.

    Raises
    ------
    ModelInvalid
        If an operator of the model has no such form; those that have none are named.
    """
    try:
        converted: bytes = _converter(exported, variant, calibration).convert()
    except Exception as error:
        raise ModelInvalid(_refusal(variant, str(error))) from error
    if variant is Variant.INT8 and (left := float_operators(converted)):
        # The converter says nothing of these: it leaves them in float, between two conversions.
        raise ModelInvalid(_refusal(variant, f"Quantization not yet supported for op: {', '.join(left)}"))
    return converted


def float_operators(model: bytes) -> list[str]:
    """Return the operators of a file that compute in floating point, by name."""
    interpreter = Interpreter(
        model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    kinds = {tensor["index"]: tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()  # noqa: SLF001 - LiteRT has no public list of operators
    found = [
        operator["op_name"]
        for operator in operators
        if operator["op_name"] != "DEQUANTIZE"
        and any(kinds.get(output) == np.float32 for output in operator["outputs"])
    ]
    return sorted(set(found))


def _converter(exported: Path, variant: VariantName, calibration: Samples) -> Any:
    converter = tf.lite.TFLiteConverter.from_saved_model(str(exported))
    if variant != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant is Variant.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if variant is Variant.INT8:
        converter.representative_dataset = lambda: ([sample] for sample in calibration())
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return converter


def _refusal(variant: VariantName, text: str) -> str:
    operators = ", ".join(dict.fromkeys(name for names in _OPERATORS.findall(text) for name in names.split(", ")))
    found = f"operators that it lacks: {operators}" if operators else _first_line(text)
    if variant == "float":
        return (
            f"quantize: expected a model that TensorFlow Lite can run, found {found}; leave quantize out of the job, "
            f"or replace the layers that use them (the trained model is kept)"
        )
    return (
        f"quantize.variants: expected a model that has a {variant} form, found {found}; leave {variant} out, "
        f"or replace the layers that use them (the trained model is kept)"
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "an error without a text")[:300]
