"""Entries about data: what institutions hold, and who else has access. Data is not used up by being used."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from ullage_operator.ledger.base import Amount, Name

from .base import StatedEntry

MILLIONTHS: Final = 1_000_000
"""A whole, where a share is in millionths."""


class Asset(StatedEntry):
    """An institution holds a data asset."""

    type: ClassVar[str] = "asset"

    institution: Name
    """Who holds it."""
    asset_id: Name
    """Which asset."""
    fingerprint: Name | None = None
    """A digest of it, where it was measured."""
    unit: Name
    """In what it is counted, such as ``tokens`` or ``rows``."""
    amount: Amount
    """How many units."""
    unique_millionths: Annotated[int, Field(ge=0, le=MILLIONTHS)] = MILLIONTHS
    """The share of it that is not repeated, in millionths."""
    licence: Name | None = None
    """Under which terms."""

    @property
    def key(self) -> str:
        """The institution, the asset, and since when."""
        return f"{self.institution}/{self.asset_id}/{self.from_ms}"


class Access(StatedEntry):
    """An institution may use a data asset that another one holds."""

    type: ClassVar[str] = "access"

    institution: Name
    """Who may use it."""
    owner: Name
    """The institution that holds it."""
    asset_id: Name
    """Which asset."""

    @property
    def key(self) -> str:
        """Both institutions, the asset, and since when."""
        return f"{self.institution}/{self.owner}/{self.asset_id}/{self.from_ms}"
