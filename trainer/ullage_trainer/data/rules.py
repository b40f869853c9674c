"""What rejects a row, as expressions: the reasons of a row, and the first of them, which it counts with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, StringValue, Value

from .report import RuleCount

FALSE: Final = ibis.literal(value=False)
TRUE: Final = ibis.literal(value=True)
REASON_TYPE: Final = "struct<rule: string, expected: string, found: string>"


@dataclass(frozen=True)
class Rule:
    """A rule that rejects rows."""

    path: str
    """Its path in the manifest."""
    expects: str
    """What it asks for, in words."""
    breaks: BooleanValue
    """True for a row that it rejects; null counts as false."""
    found: StringValue
    """What such a row has instead."""
    expected: StringValue | None = None
    """What was expected of such a row, where that differs from row to row."""


def reasons(rules: Sequence[Rule]) -> Value:
    """Return the list of a row's reasons, in the order of the rules."""
    if not rules:
        return ibis.literal([], f"array<{REASON_TYPE}>")
    entries = [
        ibis.ifelse(
            rule.breaks,
            ibis.struct({
                "rule": ibis.literal(rule.path, "string"),
                "expected": ibis.literal(rule.expects, "string") if rule.expected is None else rule.expected,
                "found": rule.found,
            }),
            ibis.null(REASON_TYPE),
        )
        for rule in rules
    ]  # fmt: skip
    return ibis.array(entries).filter(lambda entry: entry.notnull())


def first_rule(rules: Sequence[Rule]) -> Value:
    """Return the number of the first rule that rejects the row; null for a row that none rejects."""
    if not rules:
        return ibis.null("int32")
    return ibis.cases(
        *((rule.breaks.fill_null(FALSE), ibis.literal(number, "int32")) for number, rule in enumerate(rules)),
        else_=ibis.null("int32"),
    )


def counts(rules: Sequence[Rule], rejected: dict[int, int]) -> list[RuleCount]:
    """Return how many rows each rule rejected, by its number."""
    return [
        RuleCount(rule=rule.path, expects=rule.expects, rejected=rejected.get(number, 0))
        for number, rule in enumerate(rules)
    ]
