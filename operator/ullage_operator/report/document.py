"""A report: what was measured, and with it what is planned and compared, where there is such."""

from __future__ import annotations

from typing import Final

from .compare_document import CompareDocument
from .gap_parts import GapDocument
from .parts import Document
from .plan_document import PlanDocument

REPORT_VERSION: Final = "ullage.dev/report/v1alpha1"


class ReportDocument(Document):
    """All that the page shows."""

    version: str = REPORT_VERSION
    """The shape of this document."""
    gap: GapDocument
    plan: PlanDocument | None = None
    comparison: CompareDocument | None = None
