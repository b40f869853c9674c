"""The train stage on one rank, from the prepared data set to the saved model."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ullage_trainer.card import SUMMARY_NAME, TrainingSummary
from ullage_trainer.channel import Reporter, Result
from ullage_trainer.config import (
    Checkpoint,
    Checkpoints,
    ConfigError,
    DataInvalid,
    Gang,
    StageDocument,
    StorageFailure,
    TrainerError,
    Training,
)
from ullage_trainer.data.dataset import Dataset
from ullage_trainer.distributed.collectives import Communicator
from ullage_trainer.models import ModelShape, build_model, output_units, told
from ullage_trainer.paths import resolve
from ullage_trainer.reuse import training_digest
from ullage_trainer.stop import StopFlag

from .blocks import DatasetBlocks
from .checkpoint import CheckpointWriter, newest
from .curves import write_csv, write_events, write_picture
from .exactness import exactness
from .loop import BEST_PREFIX, Loop, RankShare
from .objective import CustomMetric, Objective, choose_objective, measures
from .operations import flop_per_sample
from .position import EpochRecord, Position
from .settings import class_weights, custom_metrics
from .step import Trainer, make_optimizer

MODEL_NAME = "model.keras"
EXPORT_NAME = "saved_model"


def train(document: StageDocument, reporter: Reporter, stop: StopFlag) -> Result:
    """Train on this rank together with the others; rank 0 returns what was made.

    Raises
    ------
    TrainerError
        One of its kinds; all ranks raise the same where the cause is common to them.
    """
    if document.model is None or document.training is None or document.dataset is None:
        raise ConfigError("train: expected model, training and dataset in the document")
    training = document.training
    root = Path(document.storage.root)
    _set_up_devices(document.gang, exact=training.exact)
    dataset = DatasetBlocks(Dataset.open(resolve(root, document.dataset)))
    _check_ranks(document.gang.size, dataset, training)
    _check_classes(dataset)

    reporter.doing("bringing ranks together")
    communicator = Communicator(exact=training.exact)
    rank, size = communicator.rank, communicator.size
    reporter.doing("building the model")
    keras.utils.set_random_seed(training.seed + rank)
    shape = ModelShape(dataset.shape, dataset.classes)
    code = resolve(root, document.model.code_path) if document.model.code_path else None
    model = build_model(document.model, shape, code)
    kind, objective = _settings(training, model, shape, custom_metrics(training, code))
    # Each rank counts, and all alike: none waits for another, and models that note how often they are traced agree.
    reporter.doing("counting operations", **({"parameters": model.count_params()} if rank == 0 else {}))
    flop = flop_per_sample(model, shape.input_shape, _say if rank == 0 else lambda _line: None)
    trainer = Trainer(
        model,
        make_optimizer(training),
        objective,
        communicator,
        dataset,
        dataset.feature_scale,
        class_weights=class_weights(training, dataset.class_counts),
        clip_norm=training.clip_norm,
    )
    start = _begin(document, trainer, communicator, reporter)
    loop = Loop(
        trainer,
        dataset,
        training,
        RankShare(rank, size),
        reporter,
        stop,
        checkpoints=_checkpoints(document, reporter) if rank == 0 else None,
        position=start.position,
        best_weights=start.best_weights,
        flop_per_sample=flop,
    )
    stop.defer()
    if not loop.done:
        reporter.doing("tracing the first step")
    history = loop.run()
    tested = loop.evaluate("test")
    digest = _agreed_weights(trainer, communicator)
    communicator.close()
    stop.at_once()
    if rank != 0:
        return Result()

    # The others are done and their accelerators free; what is left needs one process.
    metrics = measures(objective, tested.sums, tested.scores)
    for baseline in training.baselines:
        from .baselines import baseline_measures  # noqa: PLC0415 - scikit-learn, which every rank would wait for

        reporter.doing(f"fitting the baseline {baseline}")
        found = baseline_measures(baseline, dataset, objective, dataset.class_counts, dataset.feature_scale)
        metrics |= {f"{baseline}.{name}": value for name, value in found.items()}
    reporter.doing("saving the model")
    output = root / document.storage.output
    summary = TrainingSummary(
        architecture=model.name,
        parameters=model.count_params(),
        input_shape=list(shape.input_shape),
        feature_scale=dataset.feature_scale,
        classes=shape.classes,
        rows={part: sum(dataset.shard_rows(part)) for part in ("train", "validation", "test")},
        metrics=metrics,
        metric=objective.metric.value,
        exactness=kind,
        weights_sha256=digest,
        ranks=size,
        versions={name: version(name) for name in ("ullage", "keras", "horovod")} | {"tensorflow": tf.__version__},
    )
    _save(output, model, history, summary, tensor_board=training.tensor_board)
    return Result(metrics=metrics)


@dataclass(frozen=True)
class _Start:
    """Where training begins: at the beginning, or at a checkpoint."""

    position: Position
    best_weights: dict[str, npt.NDArray[np.generic]] | None = None
    """On rank 0 alone."""


def _begin(document: StageDocument, trainer: Trainer, communicator: Communicator, reporter: Reporter) -> _Start:
    """Put all ranks into the same state: that of rank 0, from the newest whole checkpoint if there is one."""
    position, best = Position(), None
    if communicator.rank == 0:
        root = Path(document.storage.root)
        run = resolve(root, document.storage.output).parent
        found = newest(root, document.storage.job, run, training_digest(document), _say)
        if found is not None:
            arrays = found.arrays()
            best = {name.removeprefix(BEST_PREFIX): a for name, a in arrays.items() if name.startswith(BEST_PREFIX)}
            trainer.restore({name: array for name, array in arrays.items() if not name.startswith(BEST_PREFIX)})
            position = found.manifest.position
            where = found.folder.relative_to(root)
            _say(f"going on after step {found.manifest.step}, from {where}")
            reporter.doing(f"going on after step {found.manifest.step}")
            reporter.checkpoint(
                Checkpoint(
                    path=str(where),
                    step=found.manifest.step,
                    epoch=position.epoch,
                    written_ms=found.manifest.written_ms,
                )
            )
    trainer.share_state()
    shared = communicator.share(position.model_dump_json(by_alias=True).encode(), "ullage.position")
    return _Start(Position.model_validate_json(shared), best or None)


def _say(line: str) -> None:
    print(f"training: {line}", flush=True)


def _checkpoints(document: StageDocument, reporter: Reporter) -> CheckpointWriter:
    spec = document.training.checkpoints if document.training is not None else Checkpoints()
    root, output = Path(document.storage.root), document.storage.output
    return CheckpointWriter(root, output, training_digest(document), spec.keep_last, reporter.checkpoint)


def _settings(
    training: Training, model: keras.Model, shape: ModelShape, custom: tuple[CustomMetric, ...]
) -> tuple[str, Objective]:
    """Return exactness and objective; what either of them refuses is told at once."""
    problems: list[str] = []
    try:
        kind = exactness(model, shape.input_shape, exact=training.exact)
    except ConfigError as error:
        problems.append(str(error))
    try:
        objective = choose_objective(training, shape.classes, output_units(model, shape), custom)
    except ConfigError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return kind, objective


def _set_up_devices(gang: Gang, *, exact: bool) -> None:
    """Give a rank its share of the worker's cores (TensorFlow would take all of them in each), and its accelerator."""
    cores = gang.cores_per_worker or len(os.sched_getaffinity(0))
    share = max(1, cores // gang.slots_per_worker)
    tf.config.threading.set_intra_op_parallelism_threads(share)
    tf.config.threading.set_inter_op_parallelism_threads(share)
    devices = tf.config.list_physical_devices("GPU")
    if devices:
        mine = devices[int(os.environ["HOROVOD_LOCAL_RANK"]) % len(devices)]
        tf.config.set_visible_devices(mine, "GPU")
        tf.config.experimental.set_memory_growth(mine, enable=True)
    if exact:
        tf.config.experimental.enable_op_determinism()


def _check_ranks(size: int, dataset: DatasetBlocks, training: Training) -> None:
    rows, shards = sum(dataset.shard_rows("train")), len(dataset.shard_rows("train"))
    problems = []
    if size > rows:
        problems.append(
            f"workers: expected at least one training sample a rank, found {size} ranks for {rows} samples; "
            f"lower workers.replicas or workers.slotsPerWorker"
        )
    if size > shards:
        problems.append(
            f"workers: expected at most as many ranks as shards, found {size} ranks for {shards} shards; "
            f"set data.virtualShards to {size} or more"
        )
    if training.global_batch_size < size:
        problems.append(
            f"training.globalBatchSize: expected at least one sample a rank, found {training.global_batch_size} for "
            f"{size} ranks; set it to {size} or more"
        )
    if problems:
        raise ConfigError("\n".join(problems))


def _check_classes(dataset: DatasetBlocks) -> None:
    if dataset.classes is not None and sum(rows > 0 for rows in dataset.class_counts) < 2:
        found = ", ".join(f"{rows:,} of class {number}" for number, rows in enumerate(dataset.class_counts))
        raise DataInvalid(
            f"data.label: expected rows of two classes or more in the training part, found {found}; there is nothing "
            f"to tell apart: look at the label, or set data.label.task to Regression"
        )


def _agreed_weights(trainer: Trainer, communicator: Communicator) -> str:
    """Digest the weights and see that all ranks hold the same."""
    digest = hashlib.sha256()
    for array in trainer.learned():
        digest.update(np.ascontiguousarray(array).tobytes())
    mine = digest.hexdigest()
    # 48 bits pass through a float64 unchanged.
    seen = communicator.gather(np.array([[float(int(mine[:12], 16))]]), "ullage.weights")
    if len(np.unique(seen)) != 1:
        raise TrainerError(
            "training: expected the same weights on every rank, found that they differ; this is a fault of the "
            "training code (a layer that keeps state of its own?), the model is not saved"
        )
    return mine


def _save(
    output: Path, model: keras.Model, history: list[EpochRecord], summary: TrainingSummary, *, tensor_board: bool
) -> None:
    try:
        model.save(output / MODEL_NAME)
        model.export(output / EXPORT_NAME, verbose=False)
        write_csv(output, history)
        write_picture(output, history)
        if tensor_board:
            write_events(output, history)
        (output / SUMMARY_NAME).write_text(summary.model_dump_json(by_alias=True, indent=1))
    except (OSError, tf.errors.OpError) as error:
        # TensorFlow's own file system raises its own errors.
        raise StorageFailure(
            f"{output.name}/: expected to write the model to storage, found: {told(error)}; is there room left, and "
            f"may this user write there?"
        ) from error
