"""The operator's command: its options, and what it is set up with."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import kopf
import typer
from kopf._core.engines.peering import Identity

import ullage_operator.handlers  # noqa: F401 - its decorators tell kopf what to call
from ullage_operator import gap
from ullage_operator.cli.books import catalogue_of
from ullage_operator.cli.manifests import Unusable
from ullage_operator.cluster.gang import GangScheduler
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.ledger import sqlite_url
from ullage_operator.service import Service
from ullage_operator.settings import Settings


def _option(name: str, text: str) -> typer.models.OptionInfo:
    variable = f"ULLAGE_{name.upper().replace('-', '_')}"
    option: typer.models.OptionInfo = typer.Option(f"--{name}", envvar=variable, help=text)
    return option


def pairs(texts: list[str]) -> dict[str, str]:
    """Return a map of texts such as ``nvidia.com/gpu=A100``."""
    found = dict(text.partition("=")[::2] for text in texts)
    if wrong := [name for name, value in found.items() if not name or not value]:
        raise typer.BadParameter(f"expected resource=type, such as nvidia.com/gpu=A100, found {', '.join(wrong)}")
    return found


def catalogue_from(own: Path | None) -> gap.Catalogue:
    """Return the published models, and those of a file beside them.

    Raises
    ------
    typer.Exit
        The file can't be read or is not valid; all that is wrong with it has been said.
    """
    try:
        return catalogue_of(own)
    except Unusable as error:
        raise typer.Exit(error.code) from error


def main(
    *,
    state: Annotated[Path, _option("state", "Folder for the books and the gangs' secret.")] = Path("/var/lib/ullage"),
    ledger_url: Annotated[str | None, _option("ledger-url", "Address of the books, if not in that folder.")] = None,
    cluster: Annotated[str, _option("cluster", "The cluster's name in the books.")] = "kubernetes",
    namespace: Annotated[str, _option("namespace", "The namespace the operator runs in.")] = "ullage-system",
    trainer_image: Annotated[str | None, _option("trainer-image", "Image of workers whose job names none.")] = None,
    image_pull_policy: Annotated[str | None, _option("image-pull-policy", "When workers' images are pulled.")] = None,
    gang: Annotated[
        GangScheduler | None, _option("gang", "Who places a job's workers all at once, if not the own scheduler.")
    ] = None,
    cluster_domain: Annotated[str, _option("cluster-domain", "The cluster's DNS domain.")] = "cluster.local",
    progress_seconds: Annotated[float, _option("progress-seconds", "How often workers are asked.")] = 60.0,
    accelerator_type: Annotated[
        list[str] | None,
        _option("accelerator-type", "Which accelerator a resource is, such as nvidia.com/gpu=A100; may be repeated."),
    ] = None,
    catalogue: Annotated[
        Path | None,
        _option("catalogue", "A catalogue of your own, beside the published one: needs may name its models."),
    ] = None,
    backoff_seconds: Annotated[float, _option("backoff-seconds", "From a failure to the first restart.")] = 10.0,
    silence_seconds: Annotated[
        int, _option("silence-seconds", "After how long a worker that answers nobody is ended.")
    ] = 120,
    accounting_seconds: Annotated[
        float, _option("accounting-seconds", "For how long a grant is reserved at a time, before it is settled.")
    ] = 3600.0,
    metrics_port: Annotated[int, _option("metrics-port", "Where Prometheus finds the metrics.")] = 8080,
    health_port: Annotated[int, _option("health-port", "Where the kubelet asks whether it is well.")] = 8081,
) -> None:
    """Watch TrainingJobs, run their workers, keep the books."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for quiet in ("kopf.objects", "kopf.activities.probe", "aiohttp.access"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    settings = Settings(
        state=state,
        ledger_url=ledger_url or sqlite_url(state / "ledger.sqlite3"),
        cluster=cluster,
        namespace=namespace,
        trainer_image=trainer_image or None,
        pods=PodSettings(
            cluster_domain=cluster_domain,
            image_pull_policy=image_pull_policy or None,
            gang=gang,
            silence_seconds=silence_seconds,
        ),
        progress_seconds=progress_seconds,
        accelerator_types=pairs(accelerator_type or []),
        catalogue=catalogue_from(catalogue),
        backoff_seconds=backoff_seconds,
        accounting_seconds=accounting_seconds,
        metrics_port=metrics_port,
        health_port=health_port,
    )
    kopf.run(
        clusterwide=True,
        standalone=True,
        identity=Identity("ullage-operator"),
        liveness_endpoint=f"http://0.0.0.0:{health_port}/healthz",
        memo=Service(settings),
    )


app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
app.command()(main)
