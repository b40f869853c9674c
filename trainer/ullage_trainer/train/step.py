"""One training step over all ranks: sums of losses, divided by the global weight, and a stop flag beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ullage_trainer.config import ConfigError, Metric, Training
from ullage_trainer.config.training import OptimizerName
from ullage_trainer.distributed.collectives import Communicator, guarded

from .objective import Objective, Tally
from .stream import Batch, Blocks, part_batches

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


@dataclass(frozen=True)
class StepOutcome:
    """What a step was, over all ranks."""

    loss: float
    """Mean loss of the global batch, regularisation left out."""
    samples: int
    """Samples of the global batch."""
    stop: bool
    """Some rank was asked to stop; all ranks see it at the same step."""


def make_optimizer(training: Training) -> keras.optimizers.Optimizer:
    """Return the optimizer of the manifest."""
    spec = training.optimizer
    options: dict[str, Any] = {"learning_rate": spec.learning_rate}
    if spec.momentum is not None:
        options["momentum"] = spec.momentum
    if spec.weight_decay is not None:
        options["weight_decay"] = spec.weight_decay
    classes = {
        OptimizerName.SGD: keras.optimizers.SGD,
        OptimizerName.ADAM: keras.optimizers.Adam,
        OptimizerName.ADAMW: keras.optimizers.AdamW,
        OptimizerName.RMSPROP: keras.optimizers.RMSprop,
    }
    return classes[spec.name](**options)


def exactness(model: keras.Model, *, exact: bool) -> str:
    """Say how far runs on other numbers of ranks agree: ``bitwise``, ``rounding`` or ``statistical``.

    ``bitwise`` is for equal runs on the same number of ranks; across numbers of ranks sums are taken in
    another order, so that these agree up to rounding.

    Raises
    ------
    ConfigError
        If ``exact`` is asked for and layers draw random numbers or look across the batch, naming them.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, _BATCH_DEPENDENT + _RANDOM)]  # noqa: SLF001 - Keras has no public walk over nested layers
    if exact and layers:
        names = ", ".join(f"{layer.name} ({type(layer).__name__})" for layer in layers)
        raise ConfigError(
            f"training.exact: expected layers whose result depends on the sample alone, found {names}; "
            f"leave these layers out or set training.exact to false"
        )
    return "statistical" if layers else "bitwise" if exact else "rounding"


class Trainer:
    """A model, its optimizer and the step that changes them, the same on every rank."""

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        objective: Objective,
        communicator: Communicator,
        blocks: Blocks,
        feature_scale: float,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.objective = objective
        self._communicator = communicator
        self._scale = feature_scale
        self._losses = objective.sample_losses()
        optimizer.build(model.trainable_variables)
        communicator.broadcast([*model.variables, *optimizer.variables])
        # Traced once, for any number of rows: batches differ in size, and a trace takes as long as many steps.
        shape, dtype, label_dtype = blocks.sample_spec()
        features = tf.TensorSpec((None, *shape), dtype)
        labels, weights = tf.TensorSpec((None, 1), label_dtype), tf.TensorSpec((None,), tf.float32)
        stop = tf.TensorSpec((), tf.float32)
        self._step = tf.function(self._step_in_graph, input_signature=(features, labels, weights, stop))
        self._outputs = tf.function(self._outputs_in_graph, input_signature=(features,))

    def _scaled(self, features: Any) -> Any:
        return tf.cast(features, tf.float32) * self._scale

    def _outputs_in_graph(self, features: Any) -> Any:
        return self.model(self._scaled(features), training=False)

    def _step_in_graph(self, features: Any, labels: Any, weights: Any, stop: Any) -> Any:
        variables = self.model.trainable_variables
        local = tf.reduce_sum(weights)
        with tf.GradientTape() as tape:
            outputs = self.model(self._scaled(features), training=True)
            loss = self._losses(labels, outputs, sample_weight=weights)
            # A penalty counts once a global batch: weighted like the samples here, divided with them below.
            penalised = loss + local * tf.add_n(self.model.losses) if self.model.losses else loss
        gradients = [
            tf.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
            for gradient, variable in zip(
                tape.gradient(penalised, [v.value for v in variables]), [v.value for v in variables], strict=True
            )
        ]
        sums = self._communicator.sum_in_graph([*gradients, tf.stack([loss, local, stop])])
        loss_sum, weight, _ = tf.unstack(sums[-1])
        self.optimizer.apply([total / weight for total in sums[:-1]], variables)
        return tf.stack([loss_sum / weight, weight, sums[-1][2]])

    def step(self, batch: Batch, *, stop: bool) -> StepOutcome:
        """Take one step with this rank's part of the global batch."""
        outcome = guarded(
            lambda: self._step(batch.features, _columns(batch.labels), batch.weights, np.float32(stop)).numpy()
        )
        return StepOutcome(loss=float(outcome[0]), samples=round(float(outcome[1])), stop=bool(outcome[2] > 0))

    def synchronise_state(self) -> None:
        """Average what ranks keep by themselves (moving means of batch normalisation), so that all are equal."""
        own = [v for v in self.model.non_trainable_variables if str(v.dtype).startswith("float")]
        if own:
            self._communicator.average(own)

    def evaluate(self, blocks: Blocks, part: str) -> tuple[Any, Any]:
        """Return the sums and scores over all ranks' samples of a part; every rank takes part, even without rows."""
        tally = Tally.empty(self.objective)
        for features, labels in part_batches(blocks, part, rank=self._communicator.rank, size=self._communicator.size):
            tally.add(labels, self._outputs(features).numpy())
        sums = self._communicator.sum(tally.sums, f"ullage.sums.{part}")
        if Metric.AUC not in self.objective.metrics:
            return sums, tally.scores()
        return sums, self._communicator.gather(tally.scores(), f"ullage.scores.{part}")


def _columns(labels: Any) -> Any:
    """Return labels of shape (n, 1), which every Keras loss pairs with outputs of shape (n, k)."""
    return labels.reshape(-1, 1)
