"""One source on its way through reading and cleaning, with what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ullage_trainer.config import DataInvalid
from ullage_trainer.config.data import Source

from .clean import CHANGE, Cleaning, SourceRules, cleaned, cleaning, without_duplicates
from .engine import materialize
from .names import DUPLICATE, FILE, KEPT_ROW, ROW, RULE
from .readers import RawFile
from .readers.source import unite
from .rejects import Rejects, one_reason
from .report import FileCount, RuleCount, SourceReport
from .rules import Rule, counts
from .schema import declared


@dataclass(frozen=True)
class CleanSource:
    """A source after cleaning."""

    source: Source
    table: Table
    """File, row and typed columns of the rows that are kept."""
    report: SourceReport
    rejects: Rejects
    image_shape: tuple[int, int] | None


def clean_source(connection: Backend, rules: SourceRules, raw: Sequence[RawFile], work: Path) -> CleanSource:
    """Clean a source and count what each rule did.

    Raises
    ------
    DataInvalid
        No row is left, or images differ in size.
    """
    source, step = rules.source, rules.step
    texts = unite(connection, raw)
    made = cleaning(texts, rules)
    flagged = materialize(connection, cleaned(texts, made), work / "flagged.parquet")
    columns = list(declared(source))
    table = materialize(connection, without_duplicates(flagged, step, columns), work / "clean.parquet")
    rejects = Rejects(texts, [one.files[0].name for one in raw])
    report = _count(table, source, made, raw)
    if report.rejected:
        rejects.add(table.filter(table[RULE].notnull()), "rejected")
    if report.merged and made.duplicates:
        merged = table.filter(table[DUPLICATE] > 0)
        found = ibis.literal("the same key as row ", "string").concat(merged[KEPT_ROW].split(":")[1])
        rejects.add(merged.mutate(**one_reason(made.duplicates, "one row a key", found)), "merged")
    kept = table.filter(table[RULE].isnull() & (table[DUPLICATE] == 0)).select(FILE, ROW, *columns)
    return CleanSource(source, kept, report, rejects, raw[0].image_shape)


def _count(table: Table, source: Source, made: Cleaning, raw: Sequence[RawFile]) -> SourceReport:
    rejected = rejected_by(table)
    accepted = table[RULE].isnull()
    sums = {f"{CHANGE}{number}": (table[f"{CHANGE}{number}"] & accepted).sum() for number in range(len(made.changes))}
    totals = table.aggregate(
        read=table.count(), merged=(table[DUPLICATE] > 0).sum(), rejected=table[RULE].notnull().sum(), **sums
    ).to_pyarrow()
    total = {name: int(totals.column(name)[0].as_py() or 0) for name in totals.column_names}
    rules = counts(made.rules, rejected) + [
        RuleCount(rule=path, expects=does, changed=total[f"{CHANGE}{number}"])
        for number, (path, does, _) in enumerate(made.changes)
    ]
    if made.duplicates:
        rules.append(RuleCount(rule=made.duplicates, expects="one row a key", merged=total["merged"]))
    return SourceReport(
        source=source.name,
        files=[FileCount(path=file.name, bytes=file.size_bytes, rows=one.rows) for one in raw for file in one.files],
        read=total["read"],
        kept=total["read"] - total["rejected"] - total["merged"],
        rejected=total["rejected"],
        merged=total["merged"],
        changed=sum(rule.changed for rule in rules),
        rules=rules,
    )


def rejected_by(table: Table) -> dict[int, int]:
    """Return how many rows each rule rejected, by the rule's number."""
    broken = table.filter(table[RULE].notnull())
    found = broken.group_by(broken[RULE]).aggregate(n=broken.count()).to_pyarrow()
    return dict(zip(found.column(RULE).to_pylist(), found.column("n").to_pylist(), strict=True))


def require_rows(left: int, before: int, what: str, rules: Sequence[RuleCount]) -> None:
    """Raise if no row is left, and say which rule rejected most.

    Raises
    ------
    DataInvalid
        ``left`` is 0.
    """
    if left:
        return
    worst = max(rules, key=lambda rule: rule.rejected, default=None)
    because = (
        f"; most, {worst.rejected:,}, were rejected by {worst.rule} (expected {worst.expects})"
        if worst and worst.rejected
        else ""
    )
    raise DataInvalid(
        f"{what}: expected rows, found none left of {before:,}{because}; "
        "rejected/ in the stage's folder holds each with its reasons"
    )


def rules_of(found: Sequence[Rule], table: Table) -> list[RuleCount]:
    """Return how many rows each rule rejected."""
    return counts(found, rejected_by(table))
