"""The quantize stage, from the trained model to files with a table of what each costs and gains."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ullage_trainer.artifacts import read_manifest
from ullage_trainer.card import SUMMARY_NAME, TrainingSummary
from ullage_trainer.channel import Reporter, Result
from ullage_trainer.config import (
    ConfigError,
    DataInvalid,
    Metric,
    Quantize,
    Stage,
    StageDocument,
    StopRequested,
    StorageFailure,
    VariantResult,
)
from ullage_trainer.data.dataset import Dataset
from ullage_trainer.paths import resolve
from ullage_trainer.train.blocks import DatasetBlocks
from ullage_trainer.train.objective import Objective, higher_is_better
from ullage_trainer.train.stage import EXPORT_NAME

from .calibrate import calibration_samples
from .convert import VariantName, convert
from .measure import LiteModel, latencies, part_metric


def quantize(document: StageDocument, reporter: Reporter, stop_requested: Callable[[], bool]) -> Result:
    """Write a file a variant, load each back and measure it."""
    if document.quantize is None or document.dataset is None or document.trained is None:
        raise ConfigError("quantize: expected quantize, dataset and trained in the document")
    spec = document.quantize
    root = Path(document.storage.root)
    trained = resolve(root, document.trained)
    summary = _summary(trained, document.trained)
    dataset = DatasetBlocks(Dataset.open(resolve(root, document.dataset)))
    _check_same_data(dataset, summary, document.dataset)
    objective = Objective(loss=None, metrics=(Metric(summary.metric),), classes=summary.classes)
    output = root / document.storage.output
    calibration = calibration_samples(dataset, spec.calibration_samples, spec.seed, summary.feature_scale)
    variants: list[VariantName] = ["float", *spec.variants]
    models: list[LiteModel] = []
    metrics: list[float] = []
    for index, variant in enumerate(variants):
        if stop_requested():
            raise StopRequested("quantize: stopped on request")
        reporter.doing(f"converting and measuring {variant}", step=index, total=len(variants))
        path = output / _file_name(variant)
        _write(path, convert(trained / EXPORT_NAME, variant, lambda: iter(calibration)))
        models.append(LiteModel(path))
        metrics.append(part_metric(models[-1], dataset, objective, summary.feature_scale))
    reporter.doing("measuring latency", step=len(variants), total=len(variants))
    taken = latencies(models, calibration[0], spec.latency_runs)
    results = [
        VariantResult(
            variant=variant,
            bytes=(output / _file_name(variant)).stat().st_size,
            metric=metric,
            latency_p50_us=latency.p50_us,
            latency_p95_us=latency.p95_us,
            rejected=_rejected(spec, objective, metrics[0], metric),
        )
        for variant, metric, latency in zip(variants, metrics, taken, strict=True)
    ]
    rows = [row.model_dump(mode="json", by_alias=True) for row in results]
    table = json.dumps({"metric": objective.metric.value, "variants": rows}, indent=1)
    _write(output / "variants.json", table.encode())
    tested = len(variants) * sum(dataset.shard_rows("test"))
    reporter.doing(
        "measured all variants",
        step=len(variants),
        total=len(variants),
        samples=tested,
        bytes_read=dataset.bytes_read,
    )
    return Result(variants=results)


def _file_name(variant: VariantName) -> str:
    return f"model.{variant}.tflite"


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StorageFailure(
            f"{path.parent.name}/{path.name}: expected to write {len(content):,} bytes to storage, found: "
            f"{error.strerror}; is there room left, and may this user write there?"
        ) from error


def _summary(trained: Path, name: str) -> TrainingSummary:
    made_by = read_manifest(trained).stage
    if made_by is not Stage.TRAIN:
        raise ConfigError(
            f"inputs.trained: expected the folder that a train stage made, found that {name!r} is of {made_by}; "
            f"name the train stage's folder"
        )
    return TrainingSummary.model_validate_json((trained / SUMMARY_NAME).read_bytes())


def _check_same_data(dataset: DatasetBlocks, summary: TrainingSummary, name: str) -> None:
    expected = f"samples of shape {summary.input_shape} and {_classes(summary.classes)}"
    found = f"{list(dataset.shape)} and {_classes(dataset.classes)}"
    if found != expected.removeprefix("samples of shape "):
        raise DataInvalid(
            f"inputs.dataset: expected {expected}, as in training, found {found} in {name!r}; "
            f"name the data set that the model was trained on"
        )


def _classes(classes: int | None) -> str:
    return "a number to predict" if classes is None else f"{classes} classes"


def _rejected(spec: Quantize, objective: Objective, float_metric: float, metric: float) -> bool:
    if spec.max_metric_drop is None:
        return False
    drop = float_metric - metric if higher_is_better(objective.metric) else metric - float_metric
    return drop > spec.max_metric_drop
