"""The commands and their options."""

from __future__ import annotations

import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from .exits import Exit

_EXITS = """Exit codes: 0 done, 1 the job failed while it ran, 2 the manifest or command line is not valid,
3 the job's data, model or settings are at fault, 4 this machine is in the way (a folder in use, books that
can't be written), 130 Ctrl-C, 143 SIGTERM."""

app = typer.Typer(
    name="ullage",
    help="Distributed training that keeps the books: run jobs on this machine, and see what they consumed.",
    epilog=_EXITS,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


Manifest = Annotated[Path, typer.Argument(help="A TrainingJob manifest; - reads standard input.", metavar="MANIFEST")]
WorkdirOption = Annotated[
    Path, typer.Option("--workdir", help="The folder for data, artifacts and books.", envvar="ULLAGE_WORKDIR")
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How the result is printed.")]
DEFAULT_WORKDIR = Path(".ullage")


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
    manifests: Annotated[list[Path], typer.Argument(help="TrainingJob manifests; - reads standard input.")],
) -> None:
    """Check manifests and print all that is wrong with them, as the API server and `ullage run` would."""
    from .validate import validate_command  # noqa: PLC0415

    raise typer.Exit(validate_command(manifests))


@app.command()
def usage(
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    by: Annotated[
        str,
        typer.Option(help="Keys to group by, of: institution, programme, model_family, job, stage, outcome."),
    ] = "job,stage",
    since: Annotated[str | None, typer.Option(help="Start of the period (ISO 8601, UTC), included.")] = None,
    until: Annotated[str | None, typer.Option(help="End of the period (ISO 8601, UTC), excluded.")] = None,
    output: OutputOption = Format.TEXT,
) -> None:
    """Show what jobs held and used, from the books."""
    from .usage import usage_command  # noqa: PLC0415

    raise typer.Exit(usage_command(workdir, by=by, since=since, until=until, as_json=output is Format.JSON))


def main() -> None:
    """Run the command line; a reader that went away (``ullage usage | head``) is no error."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(Exit.OK) from None
