"""Which part and which virtual shard a row is in: hashes of the seed and of what the row is, nothing else.

Hashes are the first hex digits of MD5, which every engine computes alike; they are compared as texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis
from ibis.expr.types import IntegerValue, StringValue, Table, Value

from ullage_trainer.config.data import Split, SplitName

from .names import HASH, IDENTITY, PART, PARTS, SHARD, SOURCE

HEX_DIGITS: Final = 13
"""52 bits: as many as a float holds exactly, so that a share becomes a threshold without rounding twice."""
SHARD_DIGITS: Final = 8


def text_of(column: Value) -> StringValue:
    """Return a key's value as a text that is the same on every engine; missing values have one of their own."""
    if column.type().is_timestamp():
        column = column.strftime("%Y-%m-%dT%H:%M:%S")
    return column.cast("string").fill_null("\x1e")


def threshold(share: float) -> str:
    """Return the hash below which the given share of all hashes lies; past the greatest one for a share of 1."""
    return format(round(share * 16**HEX_DIGITS), f"0{HEX_DIGITS}x") if share < 1 else "g"


def part(table: Table, split: Split, fixed: Mapping[int, SplitName]) -> IntegerValue:
    """Return the number of a row's part; a source that is published already split keeps its part.

    Parameters
    ----------
    table
        Rows after integration.
    split
        Key, shares and seed.
    fixed
        The part of each source that has one, by the source's number.
    """
    key = ibis.literal(f"{split.seed}\x1fsplit", "string")
    for column in [table[name] for name in split.key] or [table[IDENTITY]]:
        key = key.concat("\x1f", text_of(column))
    digest = key.hexdigest("md5").substr(0, HEX_DIGITS)
    numbers = {name: ibis.literal(number, "int8") for number, name in enumerate(PARTS)}
    return ibis.cases(
        *((table[SOURCE] == number, numbers[name]) for number, name in fixed.items()),
        (digest < threshold(split.validation), numbers[SplitName.VALIDATION]),
        (digest < threshold(split.validation + split.test), numbers[SplitName.TEST]),
        else_=numbers[SplitName.TRAIN],
    )


def placed(table: Table, split: Split, fixed: Mapping[int, SplitName], virtual_shards: int) -> Table:
    """Return the rows with part, shard and hash, in the order they are written in.

    Shard and order come from the row's own identity, not from the split's key: rows that the key keeps
    together (of one day, of one patient) are alike, and would fill whole batches.
    """
    row = ibis.literal(f"{split.seed}\x1fshard\x1f", "string").concat(table[IDENTITY])
    hashed = table.mutate(**{PART: part(table, split, fixed), HASH: row.hexdigest("md5")})
    sharded = hashed.mutate(**{SHARD: _number(hashed[HASH]) % virtual_shards})
    return sharded.order_by([PART, SHARD, HASH, IDENTITY])


def _number(digest: StringValue) -> IntegerValue:
    """Return the first hex digits as a number; digit by digit, as engines differ in how they read hexadecimals."""
    digits = ibis.literal("0123456789abcdef", "string")
    number = ibis.literal(0, "int64")
    for place in range(SHARD_DIGITS):
        number = number * 16 + digits.find(digest.substr(place, 1))
    return number
