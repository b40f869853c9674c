"""What a rule over several fields has to say, each with the field that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .errors import Location


@dataclass(frozen=True)
class Problem:
    """One thing that breaks a rule."""

    at: Location
    """The field, from the place of the rule."""
    expected: str
    """What would have been right."""
    found: str
    """What was there."""
    hint: str = ""
    """What to do; empty where that follows."""


class RuleError(ValueError):
    """Raised by a validator of a type: all that breaks its rule."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"expected {problem.expected}, found {problem.found}" for problem in problems))
        self.problems = problems


def refuse(problems: Iterable[Problem]) -> None:
    """Raise :class:`RuleError` if there is a problem."""
    if found := tuple(problems):
        raise RuleError(found)


def repeated(ids: Iterable[str], field: str, what: str) -> Iterator[Problem]:
    """Yield a problem for each id of a list's items that an item before it has too."""
    first: dict[str, int] = {}
    for index, name in enumerate(ids):
        if name in first:
            yield Problem((index, field), f"a name of its own for each {what}", f"{name!r} as in item {first[name]}")
        first.setdefault(name, index)
