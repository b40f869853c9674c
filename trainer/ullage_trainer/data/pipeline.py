"""The flow from files to integrated rows, step by step, with what is counted on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ullage_trainer.config import Data, DataInvalid, InputMissing, TrainerError
from ullage_trainer.config.data import Join, JoinHow, LabelTask, Union

from .clean import rules_by_source
from .cleaned import CleanSource, clean_source, require_rows, rules_of
from .engine import materialize
from .files import SourceFile
from .integrate import base, joined
from .label import labelled, labelling, numbered
from .names import FILE, HASH, IDENTITY, IMAGE, LABEL, MATCH, PART, REASONS, RESERVED, ROW, RULE, SHARD, SOURCE
from .progress import Progress
from .readers import RawFile, read_source
from .rejects import one_reason
from .report import IntegrateReport, LabelReport, RuleCount
from .schema import declared, labelled_sources
from .split import placed

REJECTED: Final = "rejected"
"""The folder of the rows that were rejected or merged."""


@dataclass
class Pipeline:
    """The stage's steps up to rows in their final order.

    Each step reads what the one before it wrote.
    """

    connection: Backend
    data: Data
    work: Path
    """A folder for what the steps write."""
    progress: Progress
    sources: dict[str, CleanSource] = field(default_factory=dict)
    samples: dict[str, Table] = field(default_factory=dict)
    """Labelled rows by source."""
    label: list[LabelReport] = field(default_factory=list)
    integrate: list[IntegrateReport] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)

    def run(self, files: dict[str, list[SourceFile]]) -> Table:
        """Return the integrated rows with part and shard, in their final order.

        Raises
        ------
        TrainerError
            A step found what makes going on pointless.
        """
        raw = self._read(files)
        for index, source in enumerate(self.data.sources):
            self.progress(f"cleaning {source.name}", index, len(self.data.sources))
            self._clean(index, raw[source.name])
        self._require_one_image_shape()
        for name in labelled_sources(self.data):
            self._label(name)
        self._number_classes()
        table = self._integrated()
        fixed = {number: s.split for number, s in enumerate(self.data.sources) if s.split is not None}
        self.progress("splitting", 0, 1)
        wanted = dict.fromkeys([feature.column for feature in self.data.features] or [IMAGE])
        rows = placed(table, self.data.split, fixed, self.data.virtual_shards)
        return materialize(
            self.connection, rows.select(PART, SHARD, HASH, IDENTITY, LABEL, *wanted), self.work / "rows.parquet"
        )

    def write_rejects(self, output: Path) -> None:
        """Write the rejected rows of every source that has some."""
        for name, source in self.sources.items():
            source.rejects.write(self.connection, output / REJECTED / f"{name}.parquet")

    def _read(self, files: dict[str, list[SourceFile]]) -> dict[str, list[RawFile]]:
        raw, problems = dict[str, list[RawFile]](), list[TrainerError]()
        for index, source in enumerate(self.data.sources):
            self.progress(f"reading {source.name}", index, len(self.data.sources))
            try:
                raw[source.name] = read_source(self.connection, source, files[source.name], self.work / source.name)
            except TrainerError as error:
                problems.append(error)
        if problems:
            kind = next((type(p) for p in problems if not isinstance(p, InputMissing)), InputMissing)
            raise kind("\n".join(str(problem) for problem in problems))
        return raw

    def _clean(self, index: int, raw: list[RawFile]) -> None:
        source = self.data.sources[index]
        rules = rules_by_source(self.data)[source.name]
        made = clean_source(self.connection, rules, raw, self.work / source.name)
        self.sources[source.name] = made
        require_rows(made.report.kept, made.report.read, f"source {source.name!r}", made.report.rules)

    def _require_one_image_shape(self) -> None:
        shapes = {name: self.sources[name].image_shape for name in labelled_sources(self.data)}
        if not self.data.features and len(set(shapes.values())) > 1:
            found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise DataInvalid(f"data.sources: expected images of one height and width, found {found}")

    def _label(self, name: str) -> None:
        source = self.sources[name]
        value, rules = labelling(source.table, self.data.label, declared(source.source))
        table = labelled(source.table, value, rules)
        written = materialize(self.connection, table, self.work / name / "labelled.parquet")
        counted = rules_of(rules, written)
        rejected = sum(rule.rejected for rule in counted)
        report = LabelReport(
            source=name,
            rows=source.report.kept,
            labelled=source.report.kept - rejected,
            rejected=rejected,
            rules=counted,
        )
        if rejected:
            source.rejects.add(written.filter(written[RULE].notnull()), "rejected")
        self.label.append(report)
        self.samples[name] = written.filter(written[RULE].isnull()).drop(REASONS, RULE)
        require_rows(report.labelled, report.rows, f"the labels of source {name!r}", counted)

    def _number_classes(self) -> None:
        """Give texts their numbers, once the labels of all sources are known."""
        if self.data.label.task is LabelTask.REGRESSION:
            return
        labels = [table.select(LABEL).distinct() for table in self.samples.values()]
        found = (ibis.union(*labels, distinct=True) if len(labels) > 1 else labels[0]).to_pyarrow().column(LABEL)
        values = sorted(found.to_pylist())
        if isinstance(values[0], str):
            self.class_names = values
            self.samples = {
                name: table.mutate(**{LABEL: numbered(table[LABEL], values)}) for name, table in self.samples.items()
            }
        else:
            self.class_names = [str(value) for value in range(values[-1] + 1)]

    def _integrated(self) -> Table:
        name = self.data.label.source
        table = base(self.samples[name], self._number(name), list(declared(self.sources[name].source)))
        rows = self.label[0].labelled
        for index, step in enumerate(self.data.integrate):
            self.progress("integrating", index, len(self.data.integrate))
            where = f"data.integrate[{index}]"
            if step.union:
                table, report = self._united(table, rows, step.union, f"{where}.union")
            if step.join:
                table, report = self._joined(table, rows, step.join, f"{where}.join")
            rows = report.rows
            self.integrate.append(report)
            because = RuleCount(rule=report.rule, expects="a row with the same key", rejected=report.rejected)
            require_rows(rows, report.left, f"{report.rule} with {', '.join(report.sources)}", [because])
        return table

    def _united(self, table: Table, left: int, union: Union, where: str) -> tuple[Table, IntegrateReport]:
        added = {report.source: report.labelled for report in self.label if report.source in union.sources}
        columns = [name for name in table.columns if not name.startswith(RESERVED)]
        others = [base(self.samples[name], self._number(name), columns) for name in union.sources]
        extra = {c for name in union.sources for c in declared(self.sources[name].source) if c not in columns}
        report = IntegrateReport(
            rule=where,
            kind="union",
            sources=list(union.sources),
            left=left,
            added=sum(added.values()),
            rows=left + sum(added.values()),
            left_out=sorted(extra),
        )
        return ibis.union(table, *(other.select(*table.columns) for other in others)), report

    def _joined(self, table: Table, left: int, join: Join, where: str) -> tuple[Table, IntegrateReport]:
        right = self.sources[join.source].table
        path = self.work / f"integrated-{len(self.integrate)}.parquet"
        both = materialize(self.connection, joined(table, right, join, self._number(join.source)), path)
        counted = both.aggregate(rows=both.count(), unmatched=both[MATCH].isnull().sum()).to_pyarrow()
        rows, unmatched = (int(counted.column(name)[0].as_py() or 0) for name in ("rows", "unmatched"))
        rejected = unmatched if join.how is JoinHow.INNER else 0
        if rejected:
            self._reject_unmatched(both.filter(both[MATCH].isnull()), join, where)
            both = both.filter(both[MATCH].notnull())
        report = IntegrateReport(
            rule=where,
            kind="join",
            sources=[join.source],
            left=left,
            matched=left - unmatched,
            unmatched=unmatched,
            added=rows - left,
            rejected=rejected,
            rows=rows - rejected,
        )
        return both.drop(MATCH), report

    def _reject_unmatched(self, alone: Table, join: Join, where: str) -> None:
        found = ibis.literal("none", "string")
        reason = one_reason(where, f"a row of {join.source} with the same key", found)
        for name in labelled_sources(self.data):
            mine = alone.filter(alone[SOURCE] == self._number(name)).select(FILE, ROW).distinct()
            self.sources[name].rejects.add(mine.mutate(**reason), "rejected")

    def _number(self, name: str) -> int:
        return [source.name for source in self.data.sources].index(name)
