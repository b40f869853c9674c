"""``spec.training``: how a built-in model, or the user's own Keras model, is trained."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import Model
from .model import FunctionReference


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


class Decay(StrEnum):
    """How the learning rate goes down from the end of the warm-up to the last step."""

    CONSTANT = "Constant"
    LINEAR = "Linear"
    COSINE = "Cosine"
    EXPONENTIAL = "Exponential"


class LearningRateSchedule(Model):
    """How the learning rate changes with the step."""

    warmup_steps: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Steps in which it rises linearly to its full value (Goyal et al. 2017)."""
    decay: Decay = Decay.CONSTANT
    """How it goes down after the warm-up."""
    final_fraction: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of its full value that it ends at; for ``Exponential`` it must be greater than 0."""
    reference_batch_size: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    """Scales it by ``globalBatchSize`` over this: the batch size that ``learningRate`` was found for."""

    @model_validator(mode="after")
    def _decays_to_something(self) -> Self:
        if self.decay is Decay.EXPONENTIAL and not self.final_fraction:
            raise ValueError("expected finalFraction greater than 0 with decay Exponential, found 0")
        if self.decay is Decay.CONSTANT and self.final_fraction:
            raise ValueError("expected finalFraction only with a decay, found it with Constant")
        return self


class EarlyStopping(Model):
    """Ends training when the job's metric no longer gets better on the validation part."""

    patience_epochs: Annotated[int, Field(ge=1, le=100_000)] = 3
    """Epochs without a better value after which training ends."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """How much better counts as better."""
    restore_best: bool = True
    """Ends with the weights of the best epoch instead of the last."""


class Checkpoints(Model):
    """What is kept to go on from, so that little is lost with a worker."""

    every_steps: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Steps between checkpoints, beside those by time."""
    every_seconds: Annotated[int, Field(ge=1, le=2**31 - 1)] = 300
    """Seconds between checkpoints."""
    keep_last: Annotated[int, Field(ge=1, le=100)] = 2
    """How many of the newest are kept; the one of the best epoch is kept besides."""


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
    schedule: LearningRateSchedule = LearningRateSchedule()
    """How the learning rate changes with the step."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Greatest norm of the whole gradient (over all ranks); a longer one is scaled down to it."""
    class_weights: Annotated[list[Annotated[float, Field(ge=0)]], Field(max_length=1024)] = []
    """What a sample of each class counts in the loss, by class number; absent means 1 each."""
    balance_classes: bool = False
    """Weights classes so that each counts the same in the loss: n / (classes * n of the class)."""
    custom_metrics: Annotated[list[FunctionReference], Field(max_length=8)] = []
    """``package.module:function`` of labels (n,) and outputs (n, k) that returns a value a sample, shape (n,).

    Reported as the mean over all samples, by the function's name. Imported as ``model.module`` is.
    """
    early_stopping: EarlyStopping | None = None
    """Ends training early; absent means that all epochs are gone through."""
    checkpoints: Checkpoints = Checkpoints()
    """What is kept to go on from."""
    tensor_board: bool = False
    """Writes TensorBoard event files beside the model."""

    @model_validator(mode="after")
    def _one_weighting(self) -> Self:
        if self.class_weights and self.balance_classes:
            raise ValueError("expected at most one of classWeights, balanceClasses, found both")
        if self.class_weights and not any(self.class_weights):
            raise ValueError("expected a weight greater than 0 in classWeights, found none")
        return self
