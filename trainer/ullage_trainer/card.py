"""The model card: what the model is, how well it does, and what it consumed (after Mitchell et al. 2019)."""

from __future__ import annotations

from typing import Final

from .config import Model, Script, StageDocument, StageUsage, Usage, VariantResult

SUMMARY_NAME: Final = "summary.json"


class TrainingSummary(Model):
    """What the train stage found out, kept beside the model."""

    architecture: str
    """The network's name."""
    parameters: int
    """How many numbers the model holds, trainable or not."""
    input_shape: list[int]
    """The shape of one sample."""
    feature_scale: float
    """What stored features are multiplied with before they reach the model."""
    classes: int | None
    """How many classes there are; null for regression."""
    rows: dict[str, int]
    """Rows by part."""
    metrics: dict[str, float]
    """On the test part; baselines as ``name.metric``."""
    metric: str
    """The job's metric."""
    exactness: str
    """``bitwise``, ``rounding`` or ``statistical``."""
    weights_sha256: str
    """Digest of all weights, equal on every rank."""
    ranks: int
    """How many ranks trained it."""
    versions: dict[str, str]
    """Of the libraries that made it."""


def model_card(
    document: StageDocument, facts: TrainingSummary, used: list[StageUsage], variants: list[VariantResult]
) -> str:
    """Return the card as Markdown."""
    lines = [
        f"# {document.job.name}",
        "",
        f"{facts.architecture}, {facts.parameters:,} parameters. Job `{document.job.namespace}/{document.job.name}`, "
        f"UID `{document.job.uid}`" + (f", institution `{document.institution}`." if document.institution else "."),
        "",
        "## Data",
        "",
        f"Prepared data set `{document.dataset}`; its `report.md` counts what was kept, rejected and changed.",
        "",
        _table(["part", "rows"], [[part, f"{rows:,}"] for part, rows in facts.rows.items()]),
        "",
        "## Measures on the test part",
        "",
        _table(*_metric_rows(facts.metrics)),
        "",
        f"Trained on {facts.ranks} rank(s); exactness: {facts.exactness}; weights `{facts.weights_sha256[:16]}…`.",
        "",
    ]
    if variants:
        lines += ["## Variants", "", variants_table(variants), ""]
    lines += ["## What it consumed", "", usage_table(used), ""]
    lines += [
        "Measured by the workers that made the model; GPU figures are `unknown` where NVML is not there."
        + _operations(used),
        "",
        "## Made with",
        "",
        ", ".join(f"{name} {version}" for name, version in facts.versions.items()) + ".",
        "",
    ]
    return "\n".join(lines)


def script_card(document: StageDocument, script: Script, metrics: dict[str, float], used: list[StageUsage]) -> str:
    """Return the card of what a program of the user's own made, as Markdown: what it is, it alone knows."""
    program = f"`{script.path}` of storage" if script.path is not None else f"module `{script.module}` of the image"
    arguments = " ".join(script.args)
    lines = [
        f"# {document.job.name}",
        "",
        f"Made by {program}" + (f" with `{arguments}`" if arguments else "") + f" on {document.gang.size} rank(s). Job "
        f"`{document.job.namespace}/{document.job.name}`, UID `{document.job.uid}`"
        + (f", institution `{document.institution}`." if document.institution else "."),
        "",
        "## Measures that it told of",
        "",
        _table(["measure", "value"], [[name, f"{value:.4f}"] for name, value in metrics.items()])
        if metrics
        else "None.",
        "",
        "## What it consumed",
        "",
        usage_table(used),
        "",
    ]
    return "\n".join(lines)


def variants_table(variants: list[VariantResult]) -> str:
    """Return the table of variants; ratios are against the float model."""
    base = next(row for row in variants if row.variant == "float")
    rows = [
        [
            row.variant,
            f"{row.bytes:,}",
            f"{base.bytes / row.bytes:.2f}x",
            f"{row.metric:.4f}",
            f"{row.metric - base.metric:+.4f}",
            f"{row.latency_p50_us:.1f}",
            f"{row.latency_p95_us:.1f}",
            "rejected" if row.rejected else "",
        ]
        for row in variants
    ]
    return _table(["variant", "bytes", "smaller", "metric", "change", "p50, µs", "p95, µs", ""], rows)


def usage_table(used: list[StageUsage]) -> str:
    """Return what each stage took."""

    def row(name: str, usage: Usage) -> list[str]:
        return [
            name,
            f"{usage.wall_ms / 1000:.1f}",
            f"{usage.cpu_ms / 1000:.1f}",
            f"{usage.peak_memory_bytes / 2**20:,.0f}",
            _seconds(usage.gpu_ms),
            _seconds(usage.gpu_active_ms),
            f"{usage.samples:,}",
            f"{usage.bytes_read:,}",
        ]

    total = Usage()
    for stage in used:
        total += stage.usage
    header = ["stage", "worker-s", "CPU-s", "peak MiB", "GPU-s", "GPU-s active", "samples", "bytes read"]
    return _table(header, [*(row(stage.stage, stage.usage) for stage in used), row("total", total)])


def _operations(used: list[StageUsage]) -> str:
    known = [stage.usage.flop for stage in used if stage.usage.flop is not None]
    if not known:
        return ""
    return f" Training took {sum(known):.3g} floating-point operations: counted from the graph, not metered."


def _seconds(milliseconds: int | None) -> str:
    return "unknown" if milliseconds is None else f"{milliseconds / 1000:.1f}"


def _metric_rows(metrics: dict[str, float]) -> tuple[list[str], list[list[str]]]:
    names = [name for name in metrics if "." not in name]
    predictors = ["model", *dict.fromkeys(name.split(".")[0] for name in metrics if "." in name)]
    rows = []
    for predictor in predictors:
        prefix = "" if predictor == "model" else f"{predictor}."
        rows.append([predictor, *(f"{metrics[prefix + n]:.4f}" if prefix + n in metrics else "–" for n in names)])
    return ["predictor", *names], rows


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
