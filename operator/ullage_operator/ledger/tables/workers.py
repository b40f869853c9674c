"""The facts of workers' entries."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from .columns import BIG, details, number, words

hold: Final = details(
    "hold",
    words("stage"),
    number("attempt"),
    number("worker_index"),
    number("slots"),
    number("accelerators"),
    words("accelerator_type", nullable=True),
    number("cpu_millis"),
    number("memory_mib"),
    # Since version 4; null in all entries before it.
    number("own_machines", nullable=True),
)

hold_release: Final = details("hold_release", words("outcome"))

activity: Final = details(
    "activity",
    number("wall_ms"),
    number("cpu_ms"),
    number("peak_memory_bytes"),
    number("gpu_ms", nullable=True),
    number("gpu_active_ms", nullable=True),
    number("gpu_joules", nullable=True),
    number("bytes_read"),
    number("samples"),
    number("joules"),
    number("joules_low"),
    number("joules_high", nullable=True),
    words("joules_provenance"),
    words("joules_method"),
    # Since version 3; null in all entries before it. See ledger.base.FLOP_BASE.
    number("flop_high", nullable=True),
    number("flop_low", nullable=True),
    number("parameters", nullable=True),
)

activity_rank: Final = details(
    "activity_rank",
    Column("rank", BIG, primary_key=True, autoincrement=False),
    number("cpu_ms"),
    number("peak_memory_bytes"),
)

data_use: Final = details(
    "data_use",
    words("asset"),
    words("fingerprint"),
    number("rows_read"),
    number("rows_accepted"),
    number("bytes"),
)
