"""Progress for Prometheus."""

from prometheus_client.parser import text_string_to_metric_families

from ullage_trainer.agent.exposition import exposition
from ullage_trainer.config import Checkpoint, ExitReport, Progress, Stage, Usage, WorkerState


def samples(report, now_ms=10_000):
    families = text_string_to_metric_families(exposition(report, now_ms).decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def report(**facts):
    return ExitReport(
        stage=Stage.TRAIN, attempt=1, index=0, state=WorkerState.RUNNING, started_ms=5000, updated_ms=9000, **facts
    )


def test_a_training_gang_shows_how_far_it_is():
    progress = Progress(
        step=40, total_steps=100, epoch=2, epochs=5, samples_per_second=12.5, loss=0.25, metric=("auc", 0.9),
        step_ms=8500, eta_seconds=30.0,
    )  # fmt: skip
    checkpoint = Checkpoint(path="a/b", step=30, written_ms=8000)
    usage = Usage(cpu_ms=1500, peak_memory_bytes=1024)
    assert samples(report(progress=progress, checkpoint=checkpoint, usage=usage)) == {
        ("ullage_training_step",): 40,
        ("ullage_training_steps",): 100,
        ("ullage_training_epoch",): 2,
        ("ullage_training_samples_per_second",): 12.5,
        ("ullage_training_loss",): 0.25,
        ("ullage_training_eta_seconds",): 30,
        ("ullage_training_metric", "auc"): 0.9,
        ("ullage_training_seconds_since_last_step",): 1.5,
        ("ullage_training_checkpoint_step",): 30,
        ("ullage_worker_cpu_seconds",): 1.5,
        ("ullage_worker_peak_memory_bytes",): 1024,
        ("ullage_worker_start_time_seconds",): 5,
    }


def test_what_is_not_known_has_no_series():
    assert samples(report()).keys() == {
        ("ullage_worker_cpu_seconds",),
        ("ullage_worker_peak_memory_bytes",),
        ("ullage_worker_start_time_seconds",),
    }
