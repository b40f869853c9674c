"""A plan as the manifest of an Investment that carries it out: proposed, until somebody approves it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import yaml

from ullage_operator import gap
from ullage_operator.api import InvalidManifest, parse_as
from ullage_operator.api.types import API_VERSION, Investment

from .exits import Exit
from .manifests import Unusable, complain

_MS_PER_DAY: Final = 86_400_000
_MAX_REFERENCE: Final = 1024
_HEAD: Final = "# Proposed by `ullage plan`: it gives nothing until spec.approval says who approved it, and when.\n"


@dataclass(frozen=True)
class Offer:
    """What a manifest says beside the plan."""

    name: str | None
    """The Investment's name; after the period and the method unless given."""
    funder: str
    """Who would give it."""
    resources: tuple[str, ...] = ()
    """What alone was planned for, each as RESOURCE/TYPE: plans for one each have a name of their own."""
    options: tuple[str, ...] = ()
    """What else was asked on the command line, as it was typed: by these the plan can be made again."""


def investment(plan: gap.Plan, period: gap.Period, offer: Offer) -> str:
    """Return the manifest in YAML: a line in kind for each amount that the plan gives.

    Raises
    ------
    Unusable
        The plan gives nothing, or the period has no whole days; that has been said.
    """
    if period.start_ms % _MS_PER_DAY or period.end_ms % _MS_PER_DAY:
        complain("-o manifest: expected a period of whole days in UTC, as an Investment has, found other instants")
        raise Unusable(Exit.INVALID)
    lines = [_line(each) for each in plan.lines if each.amount]
    if not lines:
        complain("-o manifest: expected a plan that gives something, found none: the budget is 0, or no gap is open")
        raise Unusable(Exit.INVALID)
    start, end = _day(period.start_ms), _day(period.end_ms)
    spec = {
        "funder": offer.funder,
        "reference": " ".join(
            [f"ullage plan --budget {float(plan.budget):g} --currency {plan.currency} --method {plan.method}"]
            + [shlex.quote(option) for option in offer.options]
        )[:_MAX_REFERENCE],
        "from": start.isoformat(),
        "to": end.isoformat(),
        "lines": lines,
    }
    name = offer.name or "-".join([f"plan-{start:%Y-%m-%d}-{plan.method}", *map(_slug, offer.resources)])[:63].strip(
        "-"
    )
    document = {"apiVersion": API_VERSION, "kind": "Investment", "metadata": {"name": name}, "spec": spec}
    try:
        parse_as(Investment, document, source="-o manifest")
    except InvalidManifest as error:
        complain(str(error))
        raise Unusable(Exit.INVALID) from error
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _line(line: gap.PlanLine) -> dict[str, Any]:
    candidate = line.candidate
    subject = candidate.subject
    amount = float(line.amount)
    return {
        "id": re.sub(r"[^a-z0-9]+", "-", f"{candidate.institution}-{subject.type}".lower())[:63].strip("-"),
        "beneficiary": candidate.institution,
        "channel": "inKind",
        "resource": subject.resource.value,
        "type": subject.type,
        "unit": subject.unit.value,
        "amount": int(amount) if amount.is_integer() else amount,
    }


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _day(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms // 1000, UTC).date()
