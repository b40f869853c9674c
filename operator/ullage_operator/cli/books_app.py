"""The commands on the books, and their options: what is declared, the gap, plans, comparisons, the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .complete import institutions, models
from .options import (
    DEFAULT_WORKDIR,
    LOCAL,
    AsOfOption,
    By,
    CatalogueOption,
    ClusterOption,
    CurrencyOption,
    KindOption,
    Lang,
    LedgerOption,
    MethodOption,
    PeriodOption,
    PlanMethod,
    PlanSheet,
    ReportForm,
    ResourceOption,
    Sheet,
    SheetOption,
    SinceOption,
    UntilOption,
    WorkdirOption,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (declare, gap, plan, compare, report):
        app.command()(command)


def declare(
    manifests: Annotated[
        list[Path] | None,
        typer.Argument(help="Manifests of Institutions, Investments and PriceLists; - reads standard input."),
    ] = None,
    withdraw: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND/ID", help="What is no longer declared, such as Investment/vouchers."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="From when it applies (ISO 8601, UTC); now unless given.")
    ] = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
) -> None:
    """Check manifests beside what the books have, as `validate --together` does, and post them in the books."""
    from .books import Place  # noqa: PLC0415
    from .declare import Wanted, declare_command  # noqa: PLC0415

    wanted = Wanted(tuple(manifests or ()), tuple(withdraw or ()), since)
    raise typer.Exit(declare_command(Place.of(workdir, ledger, cluster), wanted))


def gap(
    *,
    period: PeriodOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = None,
    institution: Annotated[
        str | None, typer.Option(help="One institution alone, by its id.", autocompletion=institutions)
    ] = None,
    by: Annotated[By, typer.Option(help="Whose sums: of each institution, or over these.")] = By.INSTITUTION,
    trend: Annotated[bool, typer.Option("--trend", help="Month by month too.")] = False,
    kind: KindOption = None,
    catalogue: CatalogueOption = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
    output: SheetOption = Sheet.TABLE,
) -> None:
    """Show what institutions require, have, were granted, held and used, and what closing the gap costs."""
    from .books import Place, Question  # noqa: PLC0415
    from .gap import View, gap_command  # noqa: PLC0415

    question = Question(period, since, until, as_of, tuple(kind or ()), catalogue)
    raise typer.Exit(
        gap_command(Place.of(workdir, ledger, cluster), question, View(by, institution, trend=trend), output)
    )


def plan(
    *,
    budget: Annotated[str, typer.Option(help="How much there is to give.", metavar="AMOUNT")],
    currency: CurrencyOption,
    method: MethodOption = PlanMethod.COVERAGE,
    resource: ResourceOption = None,
    whole: Annotated[bool, typer.Option("--whole", help="Whole units only, each rounded down.")] = False,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID=WEIGHT|FILE",
            help="Weights for max-min and diminishing-returns: id=2, or a YAML file of such; 1 unless given.",
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP:BOUNDS", help="What a group must or may get of the budget: country=CN:least=1000,most=5000."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="With -o manifest: the Investment's name; after period and method unless given.")
    ] = None,
    funder: Annotated[str, typer.Option(help="With -o manifest: who would give it.")] = "to be named",
    period: PeriodOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = None,
    kind: KindOption = None,
    catalogue: CatalogueOption = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
    output: Annotated[PlanSheet, typer.Option("--output", "-o", help="How it is printed.")] = PlanSheet.TABLE,
) -> None:
    """Share a budget out over gaps: what to give to whom, what that changes, and what a fifth less or more would."""
    from .books import Place, Question  # noqa: PLC0415
    from .plan import plan_command  # noqa: PLC0415
    from .plan_manifest import Offer  # noqa: PLC0415
    from .plan_request import Request  # noqa: PLC0415

    question = Question(period, since, until, as_of, tuple(kind or ()), catalogue)
    request = Request(
        budget, currency, method.value, tuple(resource or ()), tuple(weights or ()), tuple(limit or ()), whole=whole
    )
    typed = {"period": period, "since": since, "until": until, "as-of": as_of}
    options = [f"--{option}={value}" for option, value in typed.items() if value is not None]
    several = {"resource": resource, "weights": weights, "limit": limit, "kind": kind}
    options += [f"--{option}={value}" for option, values in several.items() for value in values or ()]
    options += ["--whole"] if whole else []
    offer = Offer(name, funder, tuple(resource or ()), tuple(options))
    raise typer.Exit(plan_command(Place.of(workdir, ledger, cluster), question, request, offer, output))


def compare(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Models of the catalogue, and jobs of the books; the first is what the others are held against.",
            metavar="NAME...",
            autocompletion=models,
        ),
    ] = None,
    *,
    listed: Annotated[bool, typer.Option("--list", help="List the catalogue.")] = False,
    grid: Annotated[
        str, typer.Option(metavar="GRAMS", help="CO2 of the jobs' grid in g/kWh; the world's average, an estimate.")
    ] = "475",
    catalogue: CatalogueOption = None,
    kind: KindOption = None,
    as_of: AsOfOption = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
    output: SheetOption = Sheet.TABLE,
) -> None:
    """Show jobs of the books beside published trainings: size, data, operations, hours, energy, CO2, and ratios."""
    from .books import Place, Question  # noqa: PLC0415
    from .compare import compare_command, list_command  # noqa: PLC0415

    place, question = (
        Place.of(workdir, ledger, cluster),
        Question(None, None, None, as_of, tuple(kind or ()), catalogue),
    )
    if listed:
        raise typer.Exit(list_command(question, output))
    raise typer.Exit(compare_command(place, question, tuple(names or ()), grid, output))


def report(
    *,
    lang: Annotated[Lang, typer.Option(help="What the HTML page is written in.")] = Lang.ENGLISH,
    output: Annotated[ReportForm, typer.Option("--output", "-o", help="How it is written.")] = ReportForm.HTML,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write; standard output unless given.")
    ] = None,
    budget: Annotated[str | None, typer.Option(metavar="AMOUNT", help="A budget to plan with.")] = None,
    currency: Annotated[str | None, typer.Option(help="The budget's currency (ISO 4217).")] = None,
    method: MethodOption = PlanMethod.COVERAGE,
    resource: ResourceOption = None,
    compared: Annotated[
        list[str] | None,
        typer.Option("--compare", metavar="NAME", help="A model or a job to compare; the first is the measure."),
    ] = None,
    period: PeriodOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = None,
    kind: KindOption = None,
    catalogue: CatalogueOption = None,
    workdir: WorkdirOption = DEFAULT_WORKDIR,
    ledger: LedgerOption = None,
    cluster: ClusterOption = LOCAL,
) -> None:
    """Write all of a period in one: the gap, its trend, and the plan and comparison that are asked for.

    As HTML it is a page that needs nothing beside it, in English or Chinese.
    """
    from .books import Place, Question  # noqa: PLC0415
    from .report import Contents, Written, report_command  # noqa: PLC0415

    question = Question(period, since, until, as_of, tuple(kind or ()), catalogue)
    contents = Contents(budget, currency, method.value, tuple(resource or ()), tuple(compared or ()))
    written = Written(output, lang, file)
    raise typer.Exit(report_command(Place.of(workdir, ledger, cluster), question, contents, written))
