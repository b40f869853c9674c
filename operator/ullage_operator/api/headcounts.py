"""Whether those whom lines send away or teach another role are there: nobody leaves a role who is not in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import floor

from .declarations import Declarations
from .errors import Location
from .problems import Problem
from .types import Investment, Line
from .types.units import exactly


@dataclass(frozen=True)
class _Move:
    """So many people reach an institution's role on a day; below 0 where they leave it."""

    day: date
    institution: str
    role: str
    headcount: int


def headcount_problems(investment: Investment, declared: Declarations) -> Iterator[Problem]:
    """Tell which lines take more people out of a role than its institution has in it on the day that they leave it.

    An institution has those of its ``holds.talent`` on that day, and those who came and did not leave by lines of this
    investment and of the others that are approved.
    """
    others = [each for each in declared.investments if each is not investment and each.spec.approval is not None]
    moves = [
        move for each in (investment, *others) for line in each.spec.lines for move in _moves(each, line, declared)
    ]
    for index, line in enumerate(investment.spec.lines):
        for leaving in _leaving(line, declared):
            holder = declared.institutions_by_id.get(leaving.institution)
            if holder is None:
                continue  # It is abroad, or the name is told to be unknown.
            held = sum(
                group.headcount
                for group in holder.spec.holds.talent
                if group.role == leaving.role and group.start <= leaving.day and not _over(group.end, leaving.day)
            )
            moved = sum(
                each.headcount
                for each in moves
                if (each.institution, each.role) == (leaving.institution, leaving.role) and each.day <= leaving.day
            )
            if held + moved < 0:
                there = max(0, held + moved - leaving.headcount)
                yield _problem(("spec", "lines", index), line, leaving, there)


def _over(end: date | None, day: date) -> bool:
    return end is not None and end <= day


def _problem(at: Location, line: Line, leaving: _Move, there: int) -> Problem:
    hint = "declare them in its holds.talent, or correct the line"
    where = f"as {leaving.institution} has in role {leaving.role} on {leaving.day}"
    if line.education is not None:
        found = f"{line.education.cohort}, of whom {-leaving.headcount} complete"
        return Problem((*at, "education", "cohort"), f"at most {there} who complete, {where}", found, hint)
    return Problem((*at, "exchange", "headcount"), f"at most {there} who leave, {where}", str(-leaving.headcount), hint)


def _leaving(line: Line, declared: Declarations) -> Iterator[_Move]:
    """Yield those who leave a role, without those who return."""
    for beneficiary in declared.beneficiaries(line):
        if (course := line.education) is not None:
            completers = floor(course.cohort * exactly(course.completion))
            yield _Move(course.completes, beneficiary, course.from_role, -completers)
        elif (stay := line.exchange) is not None:
            yield _Move(stay.departs, stay.origin, stay.role, -stay.headcount)


def _moves(investment: Investment, line: Line, declared: Declarations) -> Iterator[_Move]:
    for left in _leaving(line, declared):
        yield left
        if line.education is not None:
            yield _Move(left.day, left.institution, line.education.to_role, -left.headcount)
        elif (stay := line.exchange) is not None:
            until = investment.spec.end if stay.returns is None else stay.returns
            yield _Move(left.day, stay.destination, stay.role, stay.headcount)
            yield _Move(until, stay.destination, stay.role, -stay.headcount)
            if stay.returns is not None:
                yield _Move(until, stay.origin, stay.role, stay.headcount)
