"""How a rule in CEL is written down, and the forms that several types share."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

Validator = tuple[type[BaseModel], str]
"""A type and the name of one of its validators."""


@dataclass(frozen=True)
class Rule:
    """A rule in CEL over the fields of one type."""

    cel: str
    """True where the object is valid."""
    message: str
    """What is said where it is not."""
    field_path: str = ""
    """The field it is said of, such as ``.spec.data``; empty for the object that the rule is over."""


@dataclass(frozen=True)
class NotInCel:
    """A validator that has no rule."""

    why: str
    """What keeps CEL from saying it."""


Rules = dict[Validator, tuple[Rule, ...] | NotInCel]

ListKeys = dict[tuple[type[BaseModel], str], tuple[str, ...]]


def exactly_one(*names: str) -> Rule:
    """Return the rule that one of some optional fields is given."""
    count = " + ".join(f"(has(self.{name}) ? 1 : 0)" for name in names)
    return Rule(f"{count} == 1", f"expected exactly one of {', '.join(names)}")


def given(name: str) -> str:
    """Return whether a list or map is given and not empty."""
    return f"(has(self.{name}) && size(self.{name}) > 0)"
