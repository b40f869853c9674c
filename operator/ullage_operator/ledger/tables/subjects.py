"""The facts of entries that are not about a worker: declarations, supply, money, data and talent."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from .columns import details, number, words


def _rate() -> list[Column[int] | Column[str]]:
    return [
        number("rate_micros", nullable=True),
        words("rate_unit", nullable=True),
        words("rate_currency", nullable=True),
        number("rate_dated_ms", nullable=True),
        words("rate_source", nullable=True),
    ]


declaration: Final = details(
    "declaration",
    words("kind"),
    words("object_id"),
    words("object_uid", nullable=True),
    number("generation"),
    words("spec", nullable=True),
)
period_close: Final = details("period_close", number("at_ms"))

capacity: Final = details(
    "capacity",
    words("scope"),
    words("name"),
    words("resource"),
    words("resource_type", nullable=True),
    number("amount"),
)
usage_import: Final = details(
    "usage_import",
    words("scope"),
    words("external_id"),
    number("accelerators"),
    words("accelerator_type", nullable=True),
    number("accelerator_active_ms", nullable=True),
    number("cpu_millis"),
    number("cpu_ms", nullable=True),
)
charge: Final = details(
    "charge", words("resource"), words("resource_type", nullable=True), number("quantity_ms"), *_rate()
)

asset: Final = details(
    "asset",
    words("asset_id"),
    words("fingerprint", nullable=True),
    words("unit"),
    number("amount"),
    number("unique_millionths"),
    words("licence", nullable=True),
)
asset_access: Final = details("asset_access", words("asset_id"), words("owner"))

transfer: Final = details(
    "transfer",
    words("operation"),
    words("reference"),
    words("from_account"),
    words("from_role"),
    words("to_account"),
    words("to_role"),
    number("headcount_thousandths"),
    number("seconds"),
)

award: Final = details(
    "award",
    words("channel"),
    words("resource", nullable=True),
    words("resource_type", nullable=True),
    words("unit"),
    words("currency", nullable=True),
    number("amount"),
)
line_grant: Final = details("line_grant", words("unit"), words("currency", nullable=True), number("amount"))


def _drawn() -> list[Column[int] | Column[str]]:
    return [words("purchase", nullable=True), words("unit"), words("currency", nullable=True), number("amount")]


reserve: Final = details("reserve", *_drawn(), *_rate())
unreserve: Final = details("unreserve", *_drawn(), number("reserved_from_ms"))
expend: Final = details("expend", *_drawn(), number("quantity", nullable=True), *_rate())
