"""``spec.model``, ``spec.training`` and ``spec.quantize``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from .base import Fraction, Model, StoragePath


class Activation(StrEnum):
    """What a hidden layer applies."""

    RELU = "relu"
    GELU = "gelu"
    SILU = "silu"
    TANH = "tanh"
    ELU = "elu"


class Mlp(Model):
    """A multilayer perceptron: flatten, dense layers, and an output that fits the label."""

    hidden_units: Annotated[list[Annotated[int, Field(ge=1, le=65536)]], Field(max_length=32)] = [128]
    """Units of each hidden layer."""
    activation: Activation = Activation.RELU
    """The activation after each hidden layer."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of units left out after each hidden layer while training."""
    l2: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the squared norm of the kernels in the loss."""


class Cnn(Model):
    """A convolutional network: blocks of 3x3 convolution and 2x2 max pooling, then dense layers."""

    filters: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=8)] = [32, 64]
    """Filters of each block."""
    hidden_units: Annotated[list[Annotated[int, Field(ge=1, le=65536)]], Field(max_length=32)] = [128]
    """Units of each dense layer after the blocks."""
    activation: Activation = Activation.RELU
    """The activation after each layer."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of units left out after each dense layer while training."""


FunctionReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$", max_length=256
    ),
]


class ModelSpec(Model):
    """What is trained: exactly one of ``mlp``, ``cnn`` and ``module``."""

    mlp: Mlp | None = None
    """A built-in multilayer perceptron."""
    cnn: Cnn | None = None
    """A built-in convolutional network, for images."""
    module: FunctionReference | None = None
    """``package.module:function`` that returns a ``keras.Model``.

    It is called with ``arguments`` and, if it takes them, ``input_shape`` (of one sample) and ``outputs``
    (1 for two classes and for regression, otherwise the number of classes). Outputs are probabilities.
    """
    arguments: Annotated[dict[Annotated[str, Field(max_length=63)], JsonValue], Field(max_length=64)] = {}
    """Further keyword arguments for the function."""
    code_path: StoragePath | None = None
    """A folder of storage to import the module from; absent means that it is installed in the image."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        chosen = [name for name in ("mlp", "cnn", "module") if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise ValueError(f"expected exactly one of mlp, cnn, module, found {', '.join(chosen) or 'none'}")
        if self.module is None and (self.arguments or self.code_path):
            raise ValueError("expected arguments and codePath only beside module")
        return self


class OptimizerName(StrEnum):
    """The optimizers of Keras that are offered by name."""

    SGD = "sgd"
    ADAM = "adam"
    ADAMW = "adamw"
    RMSPROP = "rmsprop"


class Optimizer(Model):
    """How weights are changed."""

    name: OptimizerName = OptimizerName.ADAM
    """The algorithm."""
    learning_rate: Annotated[float, Field(gt=0, le=100)] = 0.001
    """The step size."""
    momentum: Annotated[float, Field(ge=0, lt=1)] | None = None
    """For sgd and rmsprop."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] | None = None
    """Decoupled weight decay."""

    @model_validator(mode="after")
    def _momentum_fits(self) -> Self:
        if self.momentum is not None and self.name not in (OptimizerName.SGD, OptimizerName.RMSPROP):
            raise ValueError(f"expected momentum only with sgd or rmsprop, found it with {self.name}")
        return self


class Loss(StrEnum):
    """The losses of Keras that are offered by name."""

    SPARSE_CATEGORICAL_CROSSENTROPY = "sparse_categorical_crossentropy"
    BINARY_CROSSENTROPY = "binary_crossentropy"
    MEAN_SQUARED_ERROR = "mean_squared_error"
    MEAN_ABSOLUTE_ERROR = "mean_absolute_error"


class Metric(StrEnum):
    """What is measured on each part, exactly, over all ranks' samples."""

    ACCURACY = "accuracy"
    LOG_LOSS = "log_loss"
    AUC = "auc"
    MAE = "mae"
    RMSE = "rmse"


class Baseline(StrEnum):
    """Simple predictors fitted on the same training part, as a yardstick."""

    MAJORITY = "majority"
    LOGISTIC = "logistic"


class Training(Model):
    """How the model is trained."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 5
    """How often the training part is gone through."""
    global_batch_size: Annotated[int, Field(ge=1, le=1_048_576)] = 32
    """Samples a step over all ranks together: the same on one rank as on eight."""
    optimizer: Optimizer = Optimizer()
    """How weights are changed."""
    loss: Loss | None = None
    """What is minimised; absent means what fits the label and the model's output."""
    metrics: Annotated[list[Metric], Field(max_length=8)] = []
    """What is measured; absent means what fits the label. The first is the job's metric."""
    baselines: Annotated[list[Baseline], Field(max_length=4)] = []
    """What the model is measured beside."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Seeds initial weights, dropout and the order of the epochs."""
    exact: bool = False
    """Refuses what can't be the same on any number of ranks, and makes runs bit-equal."""


class Variant(StrEnum):
    """How a model is quantized."""

    DYNAMIC_INT8 = "dynamicInt8"
    INT8 = "int8"
    FLOAT16 = "float16"


class Quantize(Model):
    """Quantize(w) -> w': smaller models, each measured beside the float model through the same runtime."""

    variants: Annotated[list[Variant], Field(min_length=1, max_length=3)] = [
        Variant.DYNAMIC_INT8,
        Variant.INT8,
        Variant.FLOAT16,
    ]
    """Which variants are made."""
    calibration_samples: Annotated[int, Field(ge=1, le=100_000)] = 256
    """Training samples that calibrate int8."""
    latency_runs: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Single-sample calls of which the median is reported."""
    max_metric_drop: Fraction | None = None
    """A variant that loses more of the job's metric than this is marked rejected."""
