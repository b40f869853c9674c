"""``spec.model`` and ``spec.script``: what is trained."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from .base import Model, StoragePath


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


ModuleName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$", max_length=256)
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
    arguments: Annotated[dict[Annotated[str, Field(max_length=63)], JsonValue], Field(max_length=64)] | None = None
    """Further keyword arguments for the function."""
    code_path: StoragePath | None = None
    """A folder of storage to import the module and custom metrics from; absent means that the image has them."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        chosen = [name for name in ("mlp", "cnn", "module") if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise ValueError(f"expected exactly one of mlp, cnn, module, found {', '.join(chosen) or 'none'}")
        if self.module is None and self.arguments is not None:
            raise ValueError("expected arguments only beside module")
        return self


class Script(Model):
    """A Horovod program of the user's own, run on every rank: exactly one of ``module`` and ``path``."""

    module: ModuleName | None = None
    """A module of the image, run as ``python -m`` runs it."""
    path: StoragePath | None = None
    """A file of storage, run as ``python`` runs it."""
    args: Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=256)] = []
    """Its arguments. ``$(NAME)`` stands for a variable of its environment, as in a pod's ``args``."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        chosen = [name for name in ("module", "path") if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise ValueError(f"expected exactly one of module, path, found {', '.join(chosen) or 'none'}")
        return self
