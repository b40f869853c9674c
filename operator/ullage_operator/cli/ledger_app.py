"""``ullage ledger``: the commands on the books themselves, and their options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    DEFAULT_WORKDIR,
    LOCAL,
    AsOfOption,
    ClusterOption,
    LedgerOption,
    Sheet,
    SheetOption,
    WorkdirOption,
)

app = typer.Typer(
    name="ledger", help="The books themselves: check, list, correct and close them.", no_args_is_help=True
)


@app.command()
def verify(
    workdir: WorkdirOption = DEFAULT_WORKDIR, ledger: LedgerOption = None, cluster: ClusterOption = LOCAL
) -> None:
    """Check that the books still say what was posted, and add up."""
    from .books import Place  # noqa: PLC0415
    from .ledger import verify_command  # noqa: PLC0415

    raise typer.Exit(verify_command(Place.of(workdir, ledger, cluster)))


@app.command()
def entries(
    *,
    subject: Annotated[
        str | None, typer.Option(help="What they are about, such as institution/north or investment/vouchers.")
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Their type, such as hold, award or declaration.")] = None,
    institution: Annotated[str | None, typer.Option(help="In whose books they are.")] = None,
    as_of: AsOfOption = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
    output: SheetOption = Sheet.TABLE,
) -> None:
    """List entries in the order they were posted, those that were reversed too."""
    from .books import Place  # noqa: PLC0415
    from .ledger_lists import Filter, entries_command  # noqa: PLC0415

    wanted = Filter(subject, type_, institution, as_of)
    raise typer.Exit(entries_command(Place.of(workdir, ledger, cluster), wanted, output))


@app.command()
def close(
    period: Annotated[str, typer.Option("--period", help="A month such as 2026-10, or a year such as 2026.")],
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
) -> None:
    """Close a period: what is posted later for a time in it counts in the period that is open then."""
    from .books import Place  # noqa: PLC0415
    from .ledger import close_command  # noqa: PLC0415

    raise typer.Exit(close_command(Place.of(workdir, ledger, cluster), period))


@app.command()
def closes(
    as_of: AsOfOption = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
    output: SheetOption = Sheet.TABLE,
) -> None:
    """List the closed periods."""
    from .books import Place  # noqa: PLC0415
    from .ledger_lists import closes_command  # noqa: PLC0415

    raise typer.Exit(closes_command(Place.of(workdir, ledger, cluster), as_of, output))


@app.command()
def reverse(
    entry_id: Annotated[str, typer.Argument(help="The entry's id, as `ullage ledger entries` lists it.")],
    reason: Annotated[str, typer.Option(help="Why it no longer counts.")],
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
) -> None:
    """Take an entry out of the books; a reversal is final, and stays visible."""
    from .books import Place  # noqa: PLC0415
    from .ledger import reverse_command  # noqa: PLC0415

    raise typer.Exit(reverse_command(Place.of(workdir, ledger, cluster), entry_id, reason))


@app.command()
def migrate(
    workdir: WorkdirOption = DEFAULT_WORKDIR, ledger: LedgerOption = None, cluster: ClusterOption = LOCAL
) -> None:
    """Bring books that an earlier Ullage wrote to this version's schema."""
    from .books import Place  # noqa: PLC0415
    from .ledger import migrate_command  # noqa: PLC0415

    raise typer.Exit(migrate_command(Place.of(workdir, ledger, cluster)))


class ImportForm(StrEnum):
    """What a file of usage is."""

    SACCT = "sacct"
    CSV = "csv"


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="What sacct --parsable2 printed, or a CSV file.", metavar="FILE")],
    form: Annotated[ImportForm, typer.Option("--from", help="What the file is.")],
    accounts: Annotated[
        list[str], typer.Option(metavar="ACCOUNT=INSTITUTION", help="The institution of each account there.")
    ],
    scope: Annotated[
        str | None,
        typer.Option(help="Which place it is the account of; unless given, sacct's column Cluster, or sacct or csv."),
    ] = None,
    zone: Annotated[str, typer.Option(help="The zone of its times that name none.")] = "UTC",
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
) -> None:
    """Post usage from elsewhere; rows that can't be taken are told, the others go in, each once."""
    from .books import Place  # noqa: PLC0415
    from .ledger_import import Source, import_command  # noqa: PLC0415

    source = Source(file, form.value, tuple(accounts), scope, zone)
    raise typer.Exit(import_command(Place.of(workdir, ledger, cluster), source))
