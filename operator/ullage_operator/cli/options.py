"""Options that several commands share, and the forms that results are printed in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_WORKDIR: Final = Path(".ullage")


class Format(StrEnum):
    """How the result of a command on jobs is printed."""

    TEXT = "text"
    JSON = "json"


class Sheet(StrEnum):
    """How the result of a command on the books is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class PlanSheet(StrEnum):
    """How a plan is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MANIFEST = "manifest"


class ReportForm(StrEnum):
    """How a report is written."""

    HTML = "html"
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class By(StrEnum):
    """What a gap is told of."""

    INSTITUTION = "institution"
    COUNTRY = "country"
    KIND = "kind"
    MODEL_FAMILY = "modelFamily"


class Lang(StrEnum):
    """What a page can be written in."""

    ENGLISH = "en"
    CHINESE = "zh"


class PlanMethod(StrEnum):
    """By what rule a budget is shared out, as :class:`ullage_operator.gap.Method` has them: that takes time to load."""

    COVERAGE = "coverage"
    HOLDINGS = "holdings"
    MAX_MIN = "max-min"
    DIMINISHING = "diminishing-returns"
    PROPORTIONAL = "proportional"


WorkdirOption = Annotated[
    Path, typer.Option("--workdir", help="The folder for data, artifacts and books.", envvar="ULLAGE_WORKDIR")
]
OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How the result is printed.")]
LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="URL",
        help="The books, such as sqlite:///books.sqlite3 or postgresql+psycopg://…; those of --workdir unless given.",
        envvar="ULLAGE_LEDGER_URL",
    ),
]
ClusterOption = Annotated[
    str, typer.Option("--cluster", help="Whose workers are counted; local is `ullage run`.", envvar="ULLAGE_CLUSTER")
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="INSTANT", help="The books as they stood then (ISO 8601, UTC).")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="INSTANT", help="Start of the period (ISO 8601, UTC), included.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="INSTANT", help="End of the period (ISO 8601, UTC), excluded.")
]
PeriodOption = Annotated[
    str | None,
    typer.Option("--period", help="A month such as 2026-11, or a year such as 2026; this month unless given."),
]
KindOption = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="RESOURCE=TYPE",
        envvar="ULLAGE_ACCELERATOR_TYPE",
        help="Which accelerator a resource is: nvidia.com/gpu=A100.",
    ),
]
CatalogueOption = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        metavar="FILE",
        envvar="ULLAGE_CATALOGUE",
        help="Models of your own beside the published ones.",
    ),
]
SheetOption = Annotated[Sheet, typer.Option("--output", "-o", help="How the result is printed.")]
CurrencyOption = Annotated[str, typer.Option(help="The budget's currency (ISO 4217); nothing is exchanged.")]
ResourceOption = Annotated[
    list[str] | None,
    typer.Option(metavar="RESOURCE/TYPE", help="What alone to plan for, such as compute/A100; all unless given."),
]
MethodOption = Annotated[PlanMethod, typer.Option(help="By what rule the budget is shared out.")]
LOCAL: Final = "local"
