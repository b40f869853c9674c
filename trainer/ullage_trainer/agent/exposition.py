"""Worker 0's progress in Prometheus' text format, made anew from the exit report at each scrape."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from ullage_trainer.config import ExitReport

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


def exposition(report: ExitReport, now_ms: int) -> bytes:
    """Return the metrics of a report; what is not known has no series."""
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, value: float | None) -> None:
        if value is not None:
            Gauge(name, help_text, registry=registry).set(value)

    progress, usage = report.progress, report.usage
    if progress is not None:
        gauge("ullage_training_step", "Steps done.", progress.step)
        gauge("ullage_training_steps", "Steps in all.", progress.total_steps)
        gauge("ullage_training_epoch", "The epoch, from 1.", progress.epoch)
        gauge("ullage_training_samples_per_second", "Samples a second over all ranks.", progress.samples_per_second)
        gauge("ullage_training_loss", "Mean training loss of the epoch so far.", progress.loss)
        gauge("ullage_training_eta_seconds", "Seconds until the stage ends, estimated.", progress.eta_seconds)
        if progress.metric is not None:
            name, value = progress.metric
            Gauge("ullage_training_metric", "The job's metric.", ["metric"], registry=registry).labels(name).set(value)
        if progress.step_ms is not None:
            age = max(0, now_ms - progress.step_ms) / 1000
            gauge("ullage_training_seconds_since_last_step", "Seconds since the last step ended.", age)
    if report.checkpoint is not None:
        gauge("ullage_training_checkpoint_step", "Steps done at the last checkpoint.", report.checkpoint.step)
    gauge("ullage_worker_cpu_seconds", "CPU time that worker 0 took so far.", usage.cpu_ms / 1000)
    gauge("ullage_worker_peak_memory_bytes", "Greatest resident set of a process.", usage.peak_memory_bytes)
    gauge("ullage_worker_start_time_seconds", "When worker 0 started, since 1970.", report.started_ms / 1000)
    return generate_latest(registry)
