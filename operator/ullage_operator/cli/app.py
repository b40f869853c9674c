"""The commands and their options."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from ullage_trainer.config import Stage

from . import books_app, ledger_app
from .exits import Exit
from .options import (
    DEFAULT_WORKDIR,
    LOCAL,
    AsOfOption,
    ClusterOption,
    Format,
    LedgerOption,
    OutputOption,
    Sheet,
    SheetOption,
    SinceOption,
    UntilOption,
    WorkdirOption,
)

_EXITS = """Exit codes: 0 done, 1 the job failed while it ran, 2 the manifest or command line is not valid,
3 the job's data, model or settings are at fault, 4 this machine is in the way (a folder in use, books that
can't be written), 130 Ctrl-C, 143 SIGTERM."""

app = typer.Typer(
    name="ullage",
    help="Distributed training that keeps the books: run jobs here or on a cluster, and see what they consumed.",
    epilog=_EXITS,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


Manifest = Annotated[Path, typer.Argument(help="A TrainingJob manifest; - reads standard input.", metavar="MANIFEST")]


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer's callback
    if value:
        typer.echo(f"ullage {version('ullage')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Distributed training that keeps the books."""


@app.command()
def run(
    manifest: Manifest,
    replicas: Annotated[
        int | None, typer.Option("--replicas", "-n", help="Workers, instead of workers.replicas.")
    ] = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    output: OutputOption = Format.TEXT,
) -> None:
    """Run a TrainingJob on this machine: prepare, train, quantize, and write down what it took."""
    from .run import run_command  # noqa: PLC0415 - `ullage --help` need not load the ledger

    raise typer.Exit(run_command(manifest, workdir, replicas=replicas, as_json=output is Format.JSON))


@app.command()
def validate(
    manifests: Annotated[
        list[Path],
        typer.Argument(
            help="Manifests of TrainingJobs, Institutions, Investments and PriceLists; - reads standard input."
        ),
    ],
    *,
    together: Annotated[
        bool, typer.Option("--together", help="These are all there are: check what they say of each other too.")
    ] = False,
) -> None:
    """Check manifests and print all that is wrong with them, as the API server and `ullage run` would."""
    from .validate import validate_command  # noqa: PLC0415

    raise typer.Exit(validate_command(manifests, together=together))


@app.command()
def usage(
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    by: Annotated[
        str,
        typer.Option(help="Keys to group by, of: institution, programme, model_family, job, stage, outcome."),
    ] = "job,stage",
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = None,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
    output: SheetOption = Sheet.TABLE,
) -> None:
    """Show what jobs held and used, from the books."""
    from .books import Place  # noqa: PLC0415
    from .usage import UsageQuestion, usage_command  # noqa: PLC0415

    question = UsageQuestion(by=by, since=since, until=until, as_of=as_of)
    raise typer.Exit(usage_command(Place.of(workdir, ledger, cluster), question, output))


books_app.register(app)
app.add_typer(ledger_app.app)


NamespaceOption = Annotated[
    str | None, typer.Option("--namespace", "-n", help="The namespace; the kubeconfig's unless given.")
]
ContextOption = Annotated[str | None, typer.Option("--context", help="The kubeconfig's context.")]
NameArgument = Annotated[str, typer.Argument(help="The job's name.", metavar="NAME")]


@app.command()
def submit(
    manifests: Annotated[list[Path], typer.Argument(help="TrainingJob manifests; - reads standard input.")],
    namespace: NamespaceOption = None,
    context: ContextOption = None,
) -> None:
    """Check manifests, and create their jobs on the cluster."""
    from .remote import Place, submit_command  # noqa: PLC0415

    raise typer.Exit(submit_command(manifests, Place(context, namespace)))


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="The job's name; all jobs without one.", metavar="NAME")] = None,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Show how far jobs on the cluster are; of one that failed, why."""
    from .remote import Place, status_command  # noqa: PLC0415

    raise typer.Exit(status_command(name, Place(context, namespace), as_json=output is Format.JSON))


@app.command()
def logs(
    name: NameArgument,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the worker ends.")] = False,
    stage: Annotated[Stage | None, typer.Option(help="A stage; the one at hand unless given.")] = None,
    worker: Annotated[int, typer.Option(help="Which worker of the gang, from 0.", min=0)] = 0,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
) -> None:
    """Print what a worker on the cluster writes, of the latest attempt."""
    from .remote import Place, logs_command  # noqa: PLC0415

    raise typer.Exit(logs_command(name, Place(context, namespace), follow=follow, stage=stage, worker=worker))


@app.command()
def cancel(
    names: Annotated[list[str], typer.Argument(help="The jobs' names.", metavar="NAME...")],
    namespace: NamespaceOption = None,
    context: ContextOption = None,
) -> None:
    """Delete jobs on the cluster; what they took stays in the books."""
    from .remote import Place, cancel_command  # noqa: PLC0415

    raise typer.Exit(cancel_command(names, Place(context, namespace)))


@app.command()
def release(
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="The namespace; all of them unless given.")
    ] = None,
    context: ContextOption = None,
    ledger_url: Annotated[str | None, typer.Option(help="Books to write into what the workers held.")] = None,
    cluster: Annotated[str, typer.Option(help="The cluster's name in the books.")] = "kubernetes",
) -> None:
    """End workers that an operator which was uninstalled has left, and print what they held.

    Their pods have a finalizer that keeps them until they are in the books, which nobody else takes off now.
    """
    from .release import release_command  # noqa: PLC0415
    from .remote import Place  # noqa: PLC0415

    raise typer.Exit(release_command(Place(context, namespace), ledger_url=ledger_url, cluster_name=cluster))


def main() -> None:
    """Run the command line; a reader that went away (``ullage usage | head``) is no error."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(Exit.OK) from None
