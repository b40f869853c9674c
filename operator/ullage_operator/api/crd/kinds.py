"""The kinds that there are definitions of: their names, columns and rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from ullage_operator.api.types import Institution, Investment, PriceList, TrainingJob

from .books import INSTITUTION_ROOT_RULES, PRICE_LIST_ROOT_RULES
from .rule import Rule
from .rules import JOB_RULES, NAME_RULES

_AGE: Final = ("Age", "date", ".metadata.creationTimestamp", "Time since the object was made")


@dataclass(frozen=True)
class Kind:
    """A kind, as its definition needs it."""

    model: type[BaseModel]
    """Its type."""
    plural: str
    """Its name in paths."""
    short_name: str
    """What people type."""
    columns: tuple[tuple[str, str, str, str], ...]
    """Name, type, path and description of what ``kubectl get`` prints."""
    rules: tuple[Rule, ...] = ()
    """Rules over the whole object, beside those of its name."""
    namespaced: bool = False
    """Whether an object is in a namespace."""

    @property
    def name(self) -> str:
        """The kind's name."""
        return self.model.__name__

    @property
    def has_status(self) -> bool:
        """Whether the operator writes a status."""
        return "status" in self.model.model_fields

    @property
    def categories(self) -> tuple[str, ...]:
        """What else it is listed under: ``kubectl get all`` is for what is in a namespace."""
        return ("all", "ullage") if self.namespaced else ("ullage",)

    @property
    def root_rules(self) -> tuple[Rule, ...]:
        """All rules over the whole object."""
        return (*NAME_RULES, *self.rules)


TRAINING_JOB: Final = Kind(
    TrainingJob,
    "trainingjobs",
    "tj",
    (
        ("Status", "string", ".status.phase", "Where the job stands"),
        ("Stage", "string", ".status.stage", "The stage it is at"),
        ("Progress", "string", ".status.progressText", "How far the stage is"),
        ("ETA", "string", ".status.eta", "How long the stage will still take"),
        ("Age", "date", ".metadata.creationTimestamp", "Time since the job was made"),
    ),
    JOB_RULES,
    namespaced=True,
)
INSTITUTION: Final = Kind(
    Institution,
    "institutions",
    "inst",
    (
        ("Id", "string", ".spec.id", "Its key in the books"),
        ("Country", "string", ".spec.country", "The country it is in"),
        ("Kind", "string", ".spec.kind", "What it is"),
        ("Bottleneck", "string", ".status.bottleneck", "The resource with the least coverage"),
        ("Coverage", "number", ".status.coverage", "Supply over need of the bottleneck"),
        ("Period", "string", ".status.period.label", "The period that the figures are about"),
        _AGE,
    ),
    INSTITUTION_ROOT_RULES,
)
INVESTMENT: Final = Kind(
    Investment,
    "investments",
    "inv",
    (
        ("Funder", "string", ".spec.funder", "Who gives it"),
        ("From", "string", ".spec.from", "The first day of its term"),
        ("To", "string", ".spec.to", "The day after the last one"),
        ("Status", "string", ".status.phase", "Where it stands"),
        ("Spent", "string", ".status.spentText", "The share of what is released that is spent"),
        _AGE,
    ),
)
PRICE_LIST: Final = Kind(PriceList, "pricelists", "prices", (_AGE,), PRICE_LIST_ROOT_RULES)

KINDS: Final = (TRAINING_JOB, INSTITUTION, INVESTMENT, PRICE_LIST)
"""All of them."""
