"""Entries of other subjects than workers as tests need them, at round times."""

from __future__ import annotations

from typing import Any

from ledger.builders import activity, data_use, hold, release
from ullage_operator.ledger import (
    Access,
    Asset,
    Award,
    Capacity,
    Charge,
    Close,
    Declaration,
    Entry,
    Expend,
    Grant,
    Import,
    Rate,
    Reserve,
    Reversal,
    Transfer,
    Unreserve,
    account_of,
)

NORTH, INVESTMENT = "institution/north", "investment/exascale"
LINE, JOB = "exascale/a100", "job-uid-1"
RATE = Rate(micros=20_000_000, unit="accelerator-hour", currency="CNY", dated_ms=0, source="prices 2026")
IN_KIND = {"institution": "north", "line": LINE, "unit": "accelerator-ms"}


def declaration(**changes: Any) -> Declaration:
    """The first generation of north, from second 1."""
    facts = {"kind": "Institution", "object_id": "north", "generation": 1, "spec": '{"b": 1, "a": "ü"}'}
    return Declaration.model_validate({"institution": "north", **facts, "from_ms": 1_000, **changes})


def close(from_ms: int, to_ms: int, **changes: Any) -> Close:
    """A period that is closed a second after its end."""
    return Close.model_validate({"from_ms": from_ms, "to_ms": to_ms, "at_ms": to_ms + 1_000, **changes})


def capacity(**changes: Any) -> Capacity:
    """A node with four accelerators, from second 1."""
    facts = {"subject": "node/n1", "scope": "local", "name": "n1", "resource": "accelerator", "resource_type": "a100"}
    return Capacity.model_validate({**facts, "amount": 4, "from_ms": 1_000, **changes})


def imported(**changes: Any) -> Import:
    """A job on two accelerators elsewhere, from second 2 to second 12."""
    facts = {"scope": "slurm", "external_id": "77", "institution": "north", "accelerator_type": "a100"}
    return Import.model_validate({**facts, "accelerators": 2, "from_ms": 2_000, "to_ms": 12_000, **changes})


def charge(**changes: Any) -> Charge:
    """Ten seconds of two accelerators, by the line."""
    facts = {"institution": "north", "line": LINE, "job_uid": JOB, "resource": "accelerator", "resource_type": "a100"}
    times = {"quantity_ms": 20_000, "rate": RATE, "from_ms": 2_000, "to_ms": 12_000}
    return Charge.model_validate({**facts, **times, **changes})


def asset(**changes: Any) -> Asset:
    """A corpus of north, from second 1."""
    facts = {"subject": NORTH, "institution": "north", "asset_id": "corpus", "unit": "tokens", "amount": 60}
    return Asset.model_validate({**facts, "unique_millionths": 800_000, "from_ms": 1_000, **changes})


def access(**changes: Any) -> Access:
    """South may use north's corpus, from second 1."""
    facts = {"subject": NORTH, "institution": "south", "owner": "north", "asset_id": "corpus", "from_ms": 1_000}
    return Access.model_validate({**facts, **changes})


def transfer(**changes: Any) -> Transfer:
    """Three engineers of north at the opening of the books, with an hour of work from second 0 to 100."""
    facts = {
        "subject": NORTH,
        "operation": "opening",
        "reference": "north/engineer",
        "from_account": "recruits",
        "from_role": "engineer",
        "to_account": account_of("north"),
        "to_role": "engineer",
        "headcount_thousandths": 3_000,
        "seconds": 3_600,
        "from_ms": 0,
        "to_ms": 100_000,
    }
    return Transfer.model_validate({**facts, **changes})


def award(**changes: Any) -> Award:
    """A line in kind for north: 100,000 accelerator-milliseconds."""
    facts = {"subject": INVESTMENT, "channel": "inKind", "resource": "accelerator", "resource_type": "a100"}
    return Award.model_validate({**IN_KIND, **facts, "amount": 100_000, "from_ms": 0, "to_ms": 100_000, **changes})


def grant(**changes: Any) -> Grant:
    """Half of the line, at second 1."""
    return Grant.model_validate({**IN_KIND, "subject": INVESTMENT, "amount": 50_000, "from_ms": 1_000, **changes})


def reserve(**changes: Any) -> Reserve:
    """Set aside for ten seconds of two accelerators, from second 2."""
    times = {"from_ms": 2_000, "to_ms": 12_000}
    return Reserve.model_validate({**IN_KIND, "job_uid": JOB, "amount": 20_000, **times, **changes})


def unreserve(**changes: Any) -> Unreserve:
    """All of it is given back at second 12."""
    times = {"reserved_from_ms": 2_000, "at_ms": 12_000}
    return Unreserve.model_validate({**IN_KIND, "job_uid": JOB, "amount": 20_000, **times, **changes})


def expend(**changes: Any) -> Expend:
    """Eight of the ten seconds were used."""
    facts = {"job_uid": JOB, "amount": 16_000, "quantity": 16_000, "from_ms": 2_000, "to_ms": 10_000}
    return Expend.model_validate({**IN_KIND, **facts, **changes})


def reversal(entry: Entry, at_ms: int = 20_000) -> Reversal:
    """Taken back by ana."""
    return Reversal.of(entry, reason="mistaken", author="ana", at_ms=at_ms)


def one_of_each() -> list[Entry]:
    """Return entries of every type, which add up."""
    of_lines = [award(), grant(), reserve(), unreserve(), expend(), charge()]
    of_worker = [hold(), activity(), data_use(), release()]
    stated = [capacity(), asset(), access(), transfer()]
    return [*of_worker, declaration(), imported(), *stated, *of_lines, close(0, 1_000), reversal(expend())]
