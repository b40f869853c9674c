"""A plan as it is asked for on the command line: budget, method, what for, weights, limits on groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import yaml

from ullage_operator import gap
from ullage_operator.api.closest import did_you_mean

from .exits import Exit
from .manifests import Unusable, complain

_GROUPS: Final = ("country", "kind", "institution")


@dataclass(frozen=True)
class Request:
    """What is asked, as it was typed."""

    budget: str
    currency: str
    method: str
    resources: tuple[str, ...] = ()
    """What alone to plan for, each as RESOURCE/TYPE."""
    weights: tuple[str, ...] = ()
    """Each as ID=WEIGHT, or a file of such."""
    limits: tuple[str, ...] = ()
    """Each as GROUP:BOUNDS."""
    whole: bool = False
    """Whole units only."""


@dataclass(frozen=True)
class Terms:
    """What is asked, understood."""

    budget: Fraction
    currency: str
    method: gap.Method
    subjects: frozenset[gap.Subject] | None
    weights: dict[str, Fraction]
    limits: tuple[gap.GroupLimit, ...]
    whole: bool


def terms_of(request: Request, report: gap.GapReport) -> Terms:
    """Return what is asked of a report.

    Raises
    ------
    Unusable
        Something of it is wrong; all that is has been said.
    """
    problems: list[str] = []
    ids = [each.id for each in report.institutions]
    terms = Terms(
        budget=amount_of(request.budget, "--budget", problems) or Fraction(0),
        currency=_currency(request.currency, problems),
        method=gap.Method(request.method),
        subjects=_subjects(request.resources, report, problems),
        weights={name: weight for text in request.weights for name, weight in _weights(text, ids, problems)},
        limits=tuple(limit for text in request.limits for limit in _limit(text, report, problems)),
        whole=request.whole,
    )
    if terms.weights and terms.method not in (gap.Method.MAX_MIN, gap.Method.DIMINISHING):
        problems.append(
            f"--weights: expected --method max-min or diminishing-returns beside it, found {terms.method}, "
            "which has weights of its own"
        )
    if problems:
        complain("\n".join(problems))
        raise Unusable(Exit.INVALID)
    return terms


def amount_of(text: str, option: str, problems: list[str]) -> Fraction | None:
    """Return an amount of 0 or more, exactly as it is written; what is none is a problem."""
    if re.fullmatch(r"\d{1,18}(\.\d{1,6})?", text):
        return Fraction(text)
    problems.append(f"{option}: expected an amount of 0 or more such as 26000 or 0.5, found {text!r}")
    return None


def _currency(text: str, problems: list[str]) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        problems.append(f"--currency: expected a currency by ISO 4217 such as CNY, found {text!r}")
    return text


def _subjects(resources: Iterable[str], report: gap.GapReport, problems: list[str]) -> frozenset[gap.Subject] | None:
    known = {f"{row.subject.resource.value}/{row.subject.type}": row.subject for row in report.rows if row.needed}
    found: set[gap.Subject] = set()
    listed = list(resources)
    for text in listed:
        if text in known:
            found.add(known[text])
        else:
            hint = did_you_mean(text, known) or f"there are: {', '.join(sorted(known)) or 'none'}"
            problems.append(f"--resource: expected what an institution needs in this period, found {text!r}; {hint}")
    return frozenset(found) if listed else None


def _weights(text: str, ids: list[str], problems: list[str]) -> Iterator[tuple[str, Fraction]]:
    name, equals, weight = text.partition("=")
    if equals and not Path(text).is_file():
        yield from _weight(name, weight, "--weights", ids, problems)
        return
    try:
        told = yaml.safe_load(Path(text).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"--weights: expected ID=WEIGHT, or a YAML file of ids and weights, found {text!r} ({error})")
        return
    if not isinstance(told, dict):
        problems.append(f"{text}: expected a map of institutions' ids and weights, found {type(told).__name__}")
        return
    for key, value in told.items():
        yield from _weight(str(key), str(value), text, ids, problems)


def _weight(name: str, text: str, where: str, ids: list[str], problems: list[str]) -> Iterator[tuple[str, Fraction]]:
    if name not in ids:
        problems.append(f"{where}: expected the id of an institution, found {name!r}; {_there(name, ids)}")
    weight = amount_of(text, f"{where}: {name}", problems)
    if weight is not None and weight > 0:
        yield name, weight
    elif weight is not None:
        problems.append(f"{where}: {name}: expected a weight above 0, found {text!r}")


def _limit(text: str, report: gap.GapReport, problems: list[str]) -> Iterator[gap.GroupLimit]:
    """Yield the limit that a text such as ``country=CN:least=1000,most=5000`` is."""
    group, _, bounds = text.partition(":")
    by, _, name = group.partition("=")
    if by not in _GROUPS or not name or not bounds:
        problems.append(
            f"--limit: expected country, kind or institution and bounds, such as country=CN:least=1000,most=5000, "
            f"found {text!r}"
        )
        return
    keys: dict[str, Callable[[gap.Institution], str]] = {
        "country": lambda each: each.country,
        "kind": lambda each: each.kind,
        "institution": lambda each: each.id,
    }
    members = frozenset(each.id for each in report.institutions if keys[by](each) == name)
    if not members:
        there = sorted({keys[by](each) for each in report.institutions})
        problems.append(f"--limit: expected a {by} in these books, found {name!r}; {_there(name, there)}")
        return
    told: dict[str, Fraction] = {}
    for bound in bounds.split(","):
        which, _, value = bound.partition("=")
        if which not in ("least", "most") or which in told:
            problems.append(f"--limit: expected least= and most= once each, found {bound!r} in {text!r}")
            return
        amount = amount_of(value, f"--limit: {group}: {which}", problems)
        if amount is None:
            return
        told[which] = amount
    try:
        yield gap.GroupLimit(group, members, told.get("least", Fraction(0)), told.get("most"))
    except ValueError as error:
        problems.append(f"--limit: {error}")


def _there(name: str, names: list[str]) -> str:
    return did_you_mean(name, names) or f"there are: {', '.join(names) or 'none'}"
