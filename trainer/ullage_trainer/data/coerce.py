"""Texts to typed values. A regular expression stands before every cast, as engines differ in what they take.

Whole numbers may carry a decimal point and zeros (``12.0``), as many tools write them. NaN and infinity are
no values of a number. Times follow ISO 8601; one without an offset is UTC. Whitespace around a value does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
from ibis.expr.types import Value

from ullage_trainer.config.data import ColumnType

PATTERNS: Final = {
    ColumnType.INT64: r"\A[+-]?[0-9]{1,19}(\.0*)?\z",
    ColumnType.FLOAT64: r"\A[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\z",
    ColumnType.BOOLEAN: r"\A(?i:true|false|1|0)\z",
    ColumnType.TIMESTAMP: (
        r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?\z"
    ),
}


def present(text: Value, null_values: Sequence[str]) -> Value:
    """Return the text, or null where it stands for a missing value."""
    return ibis.ifelse(text.isin(list(null_values)), ibis.null("string"), text) if null_values else text


def coerce(text: Value, kind: ColumnType) -> Value:
    """Return the value of a text in the type ``kind``; null where it has none."""
    if kind is ColumnType.STRING:
        return text
    stripped = text.strip()
    gated = ibis.ifelse(stripped.re_search(PATTERNS[kind]), stripped, ibis.null("string"))
    if kind is ColumnType.INT64:
        return gated.split(".")[0].try_cast("int64")
    if kind is ColumnType.FLOAT64:
        number = gated.try_cast("float64")
        return ibis.ifelse(number.isinf(), ibis.null("float64"), number)
    if kind is ColumnType.BOOLEAN:
        return gated.lower().isin(["true", "1"])
    # With a time zone in between: a plain cast to a timestamp leaves an offset out of account.
    return gated.try_cast("timestamp('UTC')").cast("timestamp")
