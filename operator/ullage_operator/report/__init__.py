"""How the gap is told: documents for programs, sheets, and a page for people. Nothing is measured here."""

from .gap_document import gap_document as gap_document
from .gap_parts import GapDocument as GapDocument
from .parts import About as About
from .plan_document import PlanDocument as PlanDocument
from .plan_document import plan_document as plan_document
