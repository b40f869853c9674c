"""Entries about talent: headcount and hours that move between accounts, so that their sum never changes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import StringConstraints, model_validator

from ullage_operator.ledger.base import Amount, Name

from .base import StatedEntry

Account = Annotated[
    str,
    StringConstraints(
        max_length=270, pattern=r"^(institution:[^\x00-\x1f\x7f]+|abroad:[A-Z]{2}|recruits|departures|training|work)$"
    ),
]
"""``institution:`` and its id, or a boundary: ``abroad:XX``, ``recruits``, ``departures``, ``training``, ``work``."""

Operation = Literal["opening", "education", "collaborate", "exchange", "work"]

_INSTITUTION: Final = "institution:"


def account_of(institution: str) -> str:
    """Return the account of an institution."""
    return f"{_INSTITUTION}{institution}"


def institution_of(account: str) -> str | None:
    """Return the institution whose account it is; None for a boundary."""
    return account.removeprefix(_INSTITUTION) if account.startswith(_INSTITUTION) else None


class Transfer(StatedEntry):
    """Headcount moves for good at its start, and hours over its time, from one (account, role) to another.

    Collaboration moves hours alone. An exchange moves both, and posts the return as a transfer of its own.
    Those who complete an education change role by a transfer from the completion date; its hours are
    reported, never counted as supply. What a job declares that people work for it goes from their account to
    ``work``: it is A, and takes nothing from supply.
    """

    type: ClassVar[str] = "transfer"

    operation: Operation
    """What is done: opening the books with what is held, one of the three means, or work for a job."""
    reference: Name
    """Which transfer of the operation, such as ``exascale/exchange-1/return``."""
    from_account: Account
    """Whom it is taken from."""
    from_role: Name
    """In which role."""
    to_account: Account
    """Whom it is given to."""
    to_role: Name
    """In which role."""
    headcount_thousandths: Amount = 0
    """Thousandths of a person."""
    seconds: Amount = 0
    """Seconds of work, spread evenly over the time."""
    job_uid: Name | None = None
    """The job that is worked for."""

    @property
    def key(self) -> str:
        """The operation, and the reference."""
        return f"{self.operation}/{self.reference}"

    @model_validator(mode="after")
    def _moves_something(self) -> Self:
        problems = []
        if (self.from_account, self.from_role) == (self.to_account, self.to_role):
            problems.append(f"expected two accounts, found {self.from_account} ({self.from_role}) twice")
        if self.seconds and self.to_ms is None:
            problems.append(f"expected to_ms, since {self.seconds} seconds are spread until then, found none")
        if self.operation == "collaborate" and self.headcount_thousandths:
            problems.append(f"expected no headcount in a collaboration, found {self.headcount_thousandths}")
        if (self.operation == "work") != (self.job_uid is not None):
            problems.append(f"expected job_uid with work and only there, found {self.operation} and {self.job_uid}")
        if problems:
            raise ValueError("; ".join(problems))
        return self
