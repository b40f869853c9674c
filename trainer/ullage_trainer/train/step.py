"""One training step over all ranks: sums of losses over the global weight, and a stop flag beside them.

Without class weights every rank knows the global weight beforehand, which is the number of samples, and its losses are
divided by it before they are summed: no gradient is touched again after that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ullage_trainer.config import Metric, StorageFailure, Training
from ullage_trainer.config.training import OptimizerName
from ullage_trainer.distributed.collectives import Communicator, guarded

from .objective import Objective, Tally
from .stream import Batch, Blocks, part_batches

_MODEL: Final = "model."
_SEED: Final = "seed_generator_state"
"""The name that Keras gives the state of a random layer: a seed and a counter."""


@dataclass(frozen=True)
class StepOutcome:
    """What a step was, over all ranks."""

    loss: float
    """Mean loss of the global batch, regularisation left out."""
    weight: float
    """Weight of the global batch: its samples, each as much as its class counts."""
    samples: int
    """Samples of the global batch."""
    stop: bool
    """Some rank was asked to stop; all ranks see it at the same step."""
    save: bool
    """Rank 0 wants a checkpoint after this step; all ranks see it at the same step."""


@dataclass(frozen=True)
class StepOrder:
    """What goes into a step besides the batch."""

    learning_rate: float
    stop: bool = False
    save: bool = False


@dataclass(frozen=True)
class Evaluation:
    """Sums over all ranks' samples of a part, and the scores that AUC needs."""

    sums: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]


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
        *,
        class_weights: Sequence[float] = (),
        clip_norm: float | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.objective = objective
        self._communicator = communicator
        self._scale = feature_scale
        self._losses = objective.sample_losses()
        self._class_weights = tf.constant(class_weights, tf.float32) if class_weights else None
        self._clip_norm = clip_norm
        optimizer.build(model.trainable_variables)
        # Traced once, for any number of rows: batches differ in size, and a trace takes as long as many steps.
        shape, dtype, label_dtype = blocks.sample_spec()
        features = tf.TensorSpec((None, *shape), dtype)
        labels, order = tf.TensorSpec((None, 1), label_dtype), tf.TensorSpec((5,), tf.float32)
        self._step = tf.function(self._step_in_graph, input_signature=(features, labels, order))
        self._outputs = tf.function(self._outputs_in_graph, input_signature=(features,))

    def _scaled(self, features: Any) -> Any:
        numbers = tf.cast(features, tf.float32)
        return numbers if self._scale == 1 else numbers * self._scale

    def _outputs_in_graph(self, features: Any) -> Any:
        return self.model(self._scaled(features), training=False)

    def _step_in_graph(self, features: Any, labels: Any, order: Any) -> Any:
        """Return the sums over all ranks of loss and weight, each times its rank's share, and of the flags."""
        variables = self.model.trainable_variables
        learning_rate, share, local = order[0], order[1], order[2]
        weights = None
        if self._class_weights is not None:
            weights = tf.gather(self._class_weights, tf.cast(labels[:, 0], tf.int32))
            local = share * tf.reduce_sum(weights)
        with tf.GradientTape() as tape:
            outputs = self.model(self._scaled(features), training=True)
            loss = share * self._losses(labels, outputs, sample_weight=weights)
            # A penalty counts once a global batch: weighted like the samples here, divided with them below.
            penalised = loss + local * tf.add_n(self.model.losses) if self.model.losses else loss
        gradients = [
            tf.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
            for gradient, variable in zip(
                tape.gradient(penalised, [v.value for v in variables]), [v.value for v in variables], strict=True
            )
        ]
        facts = tf.concat([tf.stack([loss, local]), order[3:]], axis=0)
        *means, facts = self._communicator.sum_in_graph([*gradients, facts])
        if self._class_weights is not None:
            means = [tf.math.divide_no_nan(total, facts[1]) for total in means]
        if self._clip_norm is not None:
            means, _ = tf.clip_by_global_norm(means, self._clip_norm)
        self.optimizer.learning_rate.assign(learning_rate)
        self.optimizer.apply(means, variables)
        return facts

    def step(self, batch: Batch, order: StepOrder) -> StepOutcome:
        """Take one step with this rank's part of the global batch."""
        weight_known = self._class_weights is None
        share = 0.0 if batch.rows == 0 else 1 / batch.global_rows if weight_known else 1.0
        given = np.array([order.learning_rate, share, share * batch.rows, order.stop, order.save], np.float32)
        loss, weight, stops, saves = guarded(
            lambda: self._step(batch.features, _columns(batch.labels), given).numpy()
        ).tolist()
        if weight_known:
            weight = float(batch.global_rows)
        else:
            loss = loss / weight if weight else 0.0
        return StepOutcome(loss=loss, weight=weight, samples=batch.global_rows, stop=stops > 0, save=saves > 0)

    def snapshot(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return copies of all that a step changes: weights, the optimizer's state, the state of random layers."""
        return {name: variable.numpy() for name, variable in self._state().items()}

    def weights(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return copies of the model's variables."""
        return {name: variable.numpy() for name, variable in self._state().items() if name.startswith(_MODEL)}

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over arrays from :meth:`snapshot` or :meth:`weights`, on this rank alone.

        Raises
        ------
        StorageFailure
            If they are not those of this model and optimizer.
        """
        state = self._state()
        for name, array in arrays.items():
            found = state.get(name)
            if found is None or tuple(found.shape) != array.shape:
                raise StorageFailure(
                    f"checkpoint: expected the variables of this model, found {name} of shape {array.shape}; "
                    f"remove the checkpoint and train from the beginning"
                )
            found.assign(array)

    def share_state(self) -> None:
        """Give every rank the state of rank 0; random layers then draw other numbers on each rank."""
        self._communicator.broadcast(list(self._state().values()))
        for seed in self._seeds():
            value = seed.numpy()
            value[0] += self._communicator.rank
            seed.assign(value)

    def learned(self) -> list[npt.NDArray[np.generic]]:
        """Return what all ranks must agree on: the model's variables but the seeds of random layers."""
        return [v.numpy() for v in self.model.variables if v.name != _SEED]

    def _state(self) -> dict[str, Any]:
        model = {f"{_MODEL}{index:05}": variable for index, variable in enumerate(self.model.variables)}
        return model | {f"optimizer.{index:05}": variable for index, variable in enumerate(self.optimizer.variables)}

    def _seeds(self) -> list[Any]:
        return [variable for variable in self.model.variables if variable.name == _SEED]

    def synchronise_state(self) -> None:
        """Average what ranks keep by themselves (moving means of batch normalisation), so that all are equal."""
        own = [v for v in self.model.non_trainable_variables if str(v.dtype).startswith("float")]
        if own:
            self._communicator.average(own)

    def evaluate(self, blocks: Blocks, part: str, interrupted: Callable[[], bool]) -> Evaluation | None:
        """Return the sums and scores over all ranks' samples of a part; every rank takes part, even without rows.

        Null means that some rank was asked to stop meanwhile, which all ranks hear of. ``interrupted`` is
        asked after each block.
        """
        tally, stop = Tally.empty(self.objective), False
        for features, labels in part_batches(blocks, part, rank=self._communicator.rank, size=self._communicator.size):
            tally.add(labels, self._outputs(features).numpy())
            if stop := interrupted():
                break
        *sums, stops = self._communicator.sum(np.append(tally.sums, float(stop)), f"ullage.sums.{part}")
        if stops:
            return None
        if Metric.AUC not in self.objective.metrics:
            return Evaluation(np.array(sums), tally.scores())
        return Evaluation(np.array(sums), self._communicator.gather(tally.scores(), f"ullage.scores.{part}"))


def _columns(labels: Any) -> Any:
    """Return labels of shape (n, 1), which every Keras loss pairs with outputs of shape (n, k)."""
    return labels.reshape(-1, 1)
