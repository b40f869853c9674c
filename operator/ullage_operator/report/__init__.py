"""How the gap is told: documents for programs, sheets, and a page for people. Nothing is measured here."""

from .compare_document import CompareDocument as CompareDocument
from .compare_document import compare_document as compare_document
from .document import ReportDocument as ReportDocument
from .gap_document import gap_document as gap_document
from .gap_parts import GapDocument as GapDocument
from .parts import About as About
from .plan_document import PlanDocument as PlanDocument
from .plan_document import plan_document as plan_document
from .sheets import compare_csv as compare_csv
from .sheets import gap_csv as gap_csv
from .sheets import plan_csv as plan_csv
from .sheets import report_csv as report_csv
