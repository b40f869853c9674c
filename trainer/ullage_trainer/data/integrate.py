"""Integrate(D'', ...) -> D''': joins add columns, unions add rows; every row keeps what it is made of."""

from __future__ import annotations

import ibis
from ibis.expr.types import StringValue, Table

from ullage_trainer.config.data import Join

from .names import FILE, IDENTITY, LABEL, MATCH, RESERVED, ROW, SOURCE

RIGHT = f"{RESERVED}right_"


def identity(table: Table, source_number: int) -> StringValue:
    """Return a row's identity as text: source, file and record."""
    return ibis.literal(f"{source_number}:", "string").concat(
        table[FILE].cast("string"), ":", table[ROW].cast("string")
    )


def base(table: Table, source_number: int, columns: list[str]) -> Table:
    """Return labelled rows of one source in the form that integration works on."""
    return table.select(
        **{
            SOURCE: ibis.literal(source_number, "int32"),
            FILE: table[FILE],
            ROW: table[ROW],
            IDENTITY: identity(table, source_number),
            LABEL: table[LABEL],
        },
        **{name: table[name] for name in columns},
    )


def joined(left: Table, right: Table, join: Join, right_number: int) -> Table:
    """Return the left rows with the columns of their partners, and which partner it was (null: none).

    A left row with several partners comes several times; each has an identity of its own.
    """
    wanted = dict.fromkeys([*(key.right for key in join.keys), *join.columns])
    other = right.select(
        **{MATCH: identity(right, right_number)},
        **{f"{RIGHT}{name}": right[name] for name in wanted},
    )
    both = left.join(other, [left[key.left] == other[f"{RIGHT}{key.right}"] for key in join.keys], how="left")
    whole = ibis.ifelse(both[MATCH].notnull(), both[IDENTITY].concat("+", both[MATCH]), both[IDENTITY])
    return both.select(
        *[name for name in left.columns if name != IDENTITY],
        **{IDENTITY: whole},
        **{join.prefix + name: both[f"{RIGHT}{name}"] for name in join.columns},
        **{MATCH: both[MATCH]},
    )
