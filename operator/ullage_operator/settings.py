"""What the admin sets of the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import gap
from .cluster.pods import PodSettings


@dataclass(frozen=True)
class Settings:
    """All settings; the command line has one option for each."""

    state: Path
    """The folder for the books, if they are in SQLite, and for the key that gangs' keys are derived from."""
    ledger_url: str
    """The address of the books."""
    cluster: str = "kubernetes"
    """The cluster's name in the books."""
    namespace: str = "ullage-system"
    """The namespace that the operator runs in."""
    trainer_image: str | None = None
    """The image of workers whose job names none."""
    pods: PodSettings = field(default_factory=PodSettings)
    """What is the same for all workers' pods."""
    progress_seconds: float = 60.0
    """How often a worker is asked how far it is, and how often at most that alone is written to a job's status;
    and how often figures of institutions and investments are taken from the books."""
    accelerator_types: Mapping[str, str] = field(default_factory=dict)
    """Which accelerator a resource of the cluster is: ``nvidia.com/gpu`` an ``A100``, as institutions and lines say."""
    catalogue: gap.Catalogue = field(default_factory=gap.published)
    """The reference models that needs may name."""
    backoff_seconds: float = 10.0
    """From an attempt's failure to the first restart."""
    accounting_seconds: float = 3600.0
    """For how long a job that draws on a grant has that reserved at a time."""
    workers: int = 32
    """How many jobs are worked on at a time."""
    metrics_port: int = 8080
    """Where Prometheus finds the metrics."""
    health_port: int = 8081
    """Where the kubelet asks whether the operator is well."""
