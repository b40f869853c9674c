"""Usage as a table for people: narrow enough for a terminal of 80 columns."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.table import Table

from ullage_operator.ledger.report import UsageLine, UsageTable
from ullage_trainer.config import Stage

ENERGY_NOTE = "~ is estimated: energy by Green Algorithms (2021) from CPU time and memory held, IT equipment only."
_LEAST_WIDTH = 120
_HEADERS = ("workers", "GPU-s", "core-s used", "of held", "peak MiB", "samples", "MB read", "energy J")
_STAGE_ORDER = {stage.value: place for place, stage in enumerate(Stage)}


def wide_console(file: TextIO | None = None) -> Console:
    """Return a console that cuts no table short: a narrow terminal wraps it, a pipe or a file gets all of it."""
    console = Console(file=file)
    console.width = max(console.width, _LEAST_WIDTH)
    return console


def say(console: Console, text: str) -> None:
    """Print a text as it is: a name in it is no markup, and no number is highlighted."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_whole(console: Console, table: Table) -> None:
    """Print a table of which no cell is cut short, however wide it is: a narrow terminal wraps its lines."""
    width = console.width
    console.width = max(width, console.measure(table, options=console.options.update(width=10_000)).maximum)
    console.print(table)
    console.width = width


def plain_table() -> Table:
    """Return a table without borders."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))


def usage_columns(usage: UsageTable) -> Table:
    """Return a line a group and their total; what is unknown is said, and ~ marks what is estimated."""
    keys = list(usage.lines[0].group) if usage.lines else []
    table = plain_table()
    for key in keys:
        table.add_column(key.replace("_", " "), no_wrap=True)
    for name in _HEADERS:
        table.add_column(name, justify="right", no_wrap=True)
    for line in sorted(usage.lines, key=_place):
        table.add_row(*(line.group[key] or "–" for key in keys), *_cells(line))
    if len(usage.lines) > 1:
        table.add_row("total", *[""] * (len(keys) - 1), *_cells(usage.total), end_section=True)
    return table


def _place(line: UsageLine) -> tuple[object, ...]:
    """Order groups as they come, but stages as they run."""
    return tuple(
        (value is None, _STAGE_ORDER.get(value or "", 0) if key == "stage" else 0, value or "")
        for key, value in line.group.items()
    )


def _cells(line: UsageLine) -> list[str]:
    end = "~" if line.workers_end_estimated else ""
    energy = "~" if line.energy_provenance == "estimated" else ""
    peak = None if line.peak_memory_bytes is None else line.peak_memory_bytes / (1 << 20)
    read = None if line.bytes_read is None else line.bytes_read / 1e6
    return [
        f"{line.workers}" + (f" ({line.workers_open} open)" if line.workers_open else ""),
        _accelerators(line, end),
        _known(line.cpu_used_core_seconds, ",.1f"),
        f"{end}{line.cpu_held_core_seconds:,.1f}",
        _known(peak, ",.0f"),
        _known(line.samples, ","),
        _known(read, ",.1f"),
        energy + _known(line.energy_joules, ","),
    ]


def _accelerators(line: UsageLine, end: str) -> str:
    if not line.accelerator_held_seconds:
        return "0"
    return f"{_known(line.accelerator_active_seconds, ',.0f')} of {end}{line.accelerator_held_seconds:,.0f}"


def _known(value: float | None, form: str) -> str:
    return "?" if value is None else format(value, form)
