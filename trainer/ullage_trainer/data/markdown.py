"""The data report for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .report import DataReport, RuleCount


def as_markdown(report: DataReport) -> str:
    """Return the report as Markdown: tables by step, in the order of the flow."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: DataReport) -> Iterator[str]:
    yield from ["# Data report", "", "## Sources: read = kept + rejected + merged", ""]
    yield from _table(
        ["source", "read", "kept", "rejected", "merged", "values changed"],
        [[s.source, s.read, s.kept, s.rejected, s.merged, s.changed] for s in report.sources],
    )
    yield from ["", "A row that breaks several rules counts with the first. Rules that did nothing are left out.", ""]
    yield from _rules([rule for source in report.sources for rule in source.rules])
    yield from ["", "## Labels", ""]
    yield from _table(
        ["source", "rows", "labelled", "rejected"], [[s.source, s.rows, s.labelled, s.rejected] for s in report.label]
    )
    if report.integrate:
        yield from ["", "## Integration: rows = left + added - rejected", ""]
        yield from _table(
            ["step", "kind", "with", "left", "matched", "unmatched", "added", "rejected", "rows"],
            [
                [s.rule, s.kind, ", ".join(s.sources), s.left, s.matched, s.unmatched, s.added, s.rejected, s.rows]
                for s in report.integrate
            ],
        )
    yield from ["", "## Split", ""]
    shown = [f"class {name}" for name in report.class_names[:20]]
    yield from _table(["part", "rows", *shown], [[name, p.rows, *p.classes[:20]] for name, p in report.split.items()])
    if report.features:
        yield from ["", "## Features, fitted on the training part", ""]
        yield from _table(
            ["feature", "columns", "missing", "imputed with", "clipped to", "minus", "divided by", "other categories"],
            [
                [
                    f.names[0] if len(f.names) == 1 else f"{f.names[0]} …",
                    len(f.names),
                    f.missing,
                    _short(f.impute),
                    "" if f.clip is None else f"{f.clip[0]:.6g} to {f.clip[1]:.6g}",
                    _short(f.offset),
                    _short(f.divisor),
                    f.other,
                ]
                for f in report.features
            ],
        )


def _rules(rules: Sequence[RuleCount]) -> Iterator[str]:
    rows = [[r.rule, r.expects, r.rejected, r.changed, r.merged] for r in rules if r.rejected or r.changed or r.merged]
    yield from _table(["rule", "expects", "rejected", "changed", "merged"], rows)


def _short(value: float | str | None) -> str:
    return f"{value:.6g}" if isinstance(value, float) else value or ""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = [f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "\\|") for cell in row]
        yield f"| {' | '.join(cells)} |"
