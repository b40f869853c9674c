"""Where training stands: all that decides how it goes on, besides the weights."""

from __future__ import annotations

from ullage_trainer.config import EarlyStopping, Model

DIVERGED_FACTOR = 1e6
"""A loss so many times that of the first step will not come back."""


class EpochRecord(Model):
    """One row of the learning curves."""

    epoch: int
    """The epoch, from 1."""
    loss: float
    """Mean training loss over the epoch, exact over all ranks' samples."""
    learning_rate: float
    """Of the epoch's last step."""
    seconds: float
    """How long the epoch took, evaluation and checkpoints included."""
    samples_per_second: float
    """Over all ranks, while training: evaluation left out."""
    validation: dict[str, float]
    """Measures on the validation part."""


class Best(Model):
    """The epoch with the best value of the job's metric."""

    epoch: int
    """The epoch, from 1."""
    value: float
    """The metric on the validation part."""


class Position(Model):
    """The position in the data, the sums of the epoch, and what earlier epochs showed."""

    epoch: int = 0
    """Epochs done."""
    step: int = 0
    """Steps done of the next epoch; all of them where only its evaluation is left."""
    loss_sum: float = 0.0
    """Sum of the epoch's losses, each times its weight."""
    weight_sum: float = 0.0
    """Weight of the epoch's samples so far."""
    seen: int = 0
    """Samples of the epoch so far, over all ranks."""
    train_seconds: float = 0.0
    """Seconds that the epoch's steps took so far."""
    seconds: float = 0.0
    """Seconds that the epoch took so far."""
    first_loss: float | None = None
    """The loss of the very first step."""
    history: list[EpochRecord] = []
    """Epochs that are done."""
    best: Best | None = None
    """The best epoch so far; null where nothing is measured on a validation part."""
    epochs_without_better: int = 0
    """Epochs since the best one."""

    def steps_done(self, steps_per_epoch: int) -> int:
        """Return the steps done since the beginning."""
        return self.epoch * steps_per_epoch + self.step

    def after_step(self, *, loss: float, weight: float, samples: int, seconds: float) -> Position:
        """Return the position after one more step."""
        return self.model_copy(
            update={
                "step": self.step + 1,
                "loss_sum": self.loss_sum + loss * weight,
                "weight_sum": self.weight_sum + weight,
                "seen": self.seen + samples,
                "train_seconds": self.train_seconds + seconds,
                "first_loss": loss if self.first_loss is None else self.first_loss,
            }
        )

    @property
    def mean_loss(self) -> float:
        """The epoch's mean loss so far."""
        return self.loss_sum / self.weight_sum if self.weight_sum else 0.0

    def diverged(self, loss: float) -> bool:
        """Tell whether a finite loss has left the range that training comes back from."""
        return self.first_loss is not None and abs(loss) > DIVERGED_FACTOR * max(abs(self.first_loss), 1e-3)

    def after_epoch(
        self,
        *,
        learning_rate: float,
        seconds: float,
        validation: dict[str, float],
        value: float | None,
        higher_is_better: bool,
        min_delta: float,
    ) -> Position:
        """Return the position after the evaluation of an epoch, which begins the next.

        Parameters
        ----------
        learning_rate
            Of the epoch's last step.
        seconds
            How long the epoch took.
        validation
            Measures on the validation part.
        value
            The job's metric among them; null where it was not measured.
        higher_is_better
            How values of the metric compare.
        min_delta
            How much better than the best counts as better.
        """
        sign = 1.0 if higher_is_better else -1.0
        better = value is not None and (self.best is None or sign * (value - self.best.value) > min_delta)
        record = EpochRecord(
            epoch=self.epoch + 1,
            loss=self.mean_loss,
            learning_rate=learning_rate,
            seconds=seconds,
            samples_per_second=self.seen / self.train_seconds if self.train_seconds else 0.0,
            validation=validation,
        )
        return Position(
            epoch=self.epoch + 1,
            first_loss=self.first_loss,
            history=[*self.history, record],
            best=Best(epoch=self.epoch + 1, value=value) if better and value is not None else self.best,
            epochs_without_better=0 if better or value is None else self.epochs_without_better + 1,
        )

    @property
    def is_best(self) -> bool:
        """Whether the last epoch is the best one."""
        return self.best is not None and self.step == 0 and self.best.epoch == self.epoch

    def over(self, epochs: int, early_stopping: EarlyStopping | None) -> bool:
        """Tell whether training has ended."""
        patience = None if early_stopping is None else early_stopping.patience_epochs
        return self.epoch >= epochs or (patience is not None and self.epochs_without_better >= patience)
