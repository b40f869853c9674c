"""What objects that are valid each by itself say against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .closest import did_you_mean
from .declarations import Declarations
from .errors import FieldError, Location, format_path
from .headcounts import headcount_problems
from .parse import Declared
from .problems import Problem
from .types import Accelerators, Channel, Institution, Investment, Line, LineReference, TrainingJob

_DECLARE = "declare it, or correct the name"


@dataclass(frozen=True)
class ObjectError:
    """One thing that is wrong with an object beside others."""

    kind: str
    """The object's kind."""
    name: str
    """The object's name."""
    error: FieldError
    """What is wrong, and where in the object."""

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.kind} {self.name}: {self.error}"


def contradictions(declared: Declarations) -> list[ObjectError]:
    """Return all that objects say against each other, each with the object to correct.

    What is not among the objects does not exist: unknown institutions, grants, lines and price lists, ids and
    assets that are declared twice, namespaces that two institutions select, currencies that differ, people who leave
    a role that they are not in.
    """
    errors: list[ObjectError] = []
    for institution in declared.institutions:
        errors += _of(institution, _institution_problems(institution, declared))
    for investment in declared.investments:
        errors += _of(investment, _investment_problems(investment, declared))
    for job in declared.jobs:
        errors += _of(job, _job_problems(job, declared))
    return errors


def objections(job: TrainingJob, declared: Declarations) -> list[FieldError]:
    """Return all that a job says against what is declared: another institution than its namespace's, or no such grant.

    Where no institution is declared at all nobody can tell, and what the job says counts.
    """
    if not declared.institutions:
        return []
    return [each.error for each in _of(job, _job_problems(job, declared))]


def _of(declared: Declared, problems: Iterable[Problem]) -> Iterator[ObjectError]:
    for problem in problems:
        error = FieldError(format_path(problem.at), problem.expected, problem.found, problem.hint)
        yield ObjectError(declared.kind, declared.metadata.name, error)


def _unknown(at: Location, what: str, name: str, known: Iterable[str]) -> Problem:
    names = sorted(known)
    return Problem(at, what, f"{name!r}, which there is not", did_you_mean(name, names) or _DECLARE)


def _institution_problems(institution: Institution, declared: Declarations) -> Iterator[Problem]:
    spec = institution.spec
    holder = declared.institutions_by_id[spec.id]
    if holder is not institution:
        found = f"{spec.id!r}, which Institution {holder.metadata.name} has"
        yield Problem(("spec", "id"), "an id of its own", found, "make this one again with another id")
    for namespace in sorted(declared.namespaces):
        owners = declared.owners(namespace)
        if len(owners) > 1 and institution in owners:
            others = ", ".join(each.metadata.name for each in owners if each is not institution)
            found = f"{namespace!r}, which Institution {others} selects too"
            hint = "change one of the selectors or a label"
            yield Problem(("spec", "namespaceSelector"), "namespaces of this institution alone", found, hint)
    for index, machines in enumerate(spec.holds.accelerators):
        if machines.acquired_by is not None:
            at = ("spec", "holds", "accelerators", index, "acquiredBy")
            problems = list(_line_problems(at, machines.acquired_by, spec.id, declared, money=True))
            yield from problems
            if not problems:
                yield from _purchase_problems(at, machines, declared)
    yield from _asset_problems(institution, declared)


def _purchase_problems(at: Location, machines: Accelerators, declared: Declarations) -> Iterator[Problem]:
    """Tell what a purchase says against the line that it names: its amount, and the investment's term."""
    bought = machines.acquired_by
    line = None if bought is None else declared.line(bought)
    if bought is None or line is None:
        return
    if bought.cost > line.amount:
        expected = f"at most what line {line.id} of Investment {bought.name} gives, {line.amount:,.10g} {line.unit}"
        yield Problem((*at, "cost"), expected, f"{bought.cost:,.10g}")
    term = declared.investments_by_name[bought.name].spec
    if not term.start <= machines.start < term.end:
        expected = f"a day in the term of Investment {bought.name}, from {term.start} until before {term.end}"
        yield Problem((*at[:-1], "from"), expected, str(machines.start), "it is bought on the day it is held from")


def _asset_problems(institution: Institution, declared: Declarations) -> Iterator[Problem]:
    for index, asset in enumerate(institution.spec.holds.data):
        at = ("spec", "holds", "data", index)
        holder = declared.holders[asset.asset_id]
        if holder is not institution:
            found = f"{asset.asset_id!r}, which Institution {holder.metadata.name} holds"
            hint = "let one hold it and list the others in its sharedWith"
            yield Problem((*at, "assetId"), "an asset that no other institution holds", found, hint)
        for number, other in enumerate(asset.shared_with):
            if other not in declared.institutions_by_id:
                where = (*at, "sharedWith", number)
                yield _unknown(where, "the id of an Institution", other, declared.institutions_by_id)


def _investment_problems(investment: Investment, declared: Declarations) -> Iterator[Problem]:
    for index, line in enumerate(investment.spec.lines):
        at = ("spec", "lines", index)
        for field, place in _places(line):
            if place not in declared.institutions_by_id:
                yield _unknown((*at, *field), "the id of an Institution", place, declared.institutions_by_id)
        if line.beneficiary_selector is not None and not declared.beneficiaries(line):
            where = (*at, "beneficiarySelector")
            yield Problem(where, "labels of at least one Institution", "none that has them", "label the institutions")
    yield from headcount_problems(investment, declared)
    yield from _price_problems(investment, declared)


def _places(line: Line) -> Iterator[tuple[Location, str]]:
    """Yield each institution that a line names, and where."""
    if line.beneficiary is not None:
        yield ("beneficiary",), line.beneficiary
    if line.collaboration is not None:
        yield ("collaboration", "partner"), line.collaboration.partner
    if line.exchange is not None:
        for field, place in (("from", line.exchange.origin), ("to", line.exchange.destination)):
            if ":" not in place and place != line.beneficiary:
                yield ("exchange", field), place


def _price_problems(investment: Investment, declared: Declarations) -> Iterator[Problem]:
    spec, at = investment.spec, ("spec", "priceListRef", "name")
    if spec.price_list_ref is None:
        return
    name = spec.price_list_ref.name
    if (prices := declared.price_lists_by_name.get(name)) is None:
        yield _unknown(at, "the name of a PriceList", name, declared.price_lists_by_name)
        return
    currencies = sorted({entry.currency for entry in prices.spec.entries})
    if spec.currency is not None and spec.currency not in currencies:
        found = f"{name!r} with prices in {', '.join(currencies)}"
        hint = "nothing is exchanged: add prices in the Investment's currency"
        yield Problem(at, f"a PriceList with prices in {spec.currency}", found, hint)


def _job_problems(job: TrainingJob, declared: Declarations) -> Iterator[Problem]:
    accounting, namespace = job.spec.accounting, job.metadata.namespace
    at: Location = ("spec", "accounting", "institution")
    institution = declared.institution_of(job)
    if accounting.institution not in (None, institution):
        whose = f"{institution!r}, the institution of namespace {namespace}"
        expected = whose if institution else f"an institution that selects namespace {namespace}"
        yield Problem(at, expected, repr(accounting.institution), "take it out, or move the job")
    elif institution is not None and institution not in declared.institutions_by_id:
        yield _unknown(at, "the id of an Institution", institution, declared.institutions_by_id)
    if accounting.investment is None:
        return
    at = ("spec", "accounting", "investment")
    yield from _line_problems(at, accounting.investment, institution, declared)
    line = declared.line(accounting.investment)
    if line is None or line.eligible is None:
        return
    for field, value, allowed in (
        ("programme", accounting.programme, line.eligible.programmes),
        ("modelFamily", accounting.model_family, line.eligible.model_families),
    ):
        if allowed and value not in allowed:
            found = repr(value) if value is not None else "nothing"
            where = ("spec", "accounting", field)
            yield Problem(where, f"one of {', '.join(allowed)}, for which line {line.id} is", found)


def _line_problems(
    at: Location, reference: LineReference, institution: str | None, declared: Declarations, *, money: bool = False
) -> Iterator[Problem]:
    investment = declared.investments_by_name.get(reference.name)
    if investment is None:
        yield _unknown((*at, "name"), "the name of an Investment", reference.name, declared.investments_by_name)
        return
    line = declared.line(reference)
    if line is None:
        what = f"the id of a line of Investment {reference.name}"
        yield _unknown((*at, "line"), what, reference.line, (each.id for each in investment.spec.lines))
        return
    if money and line.channel is not Channel.MONEY:
        yield Problem((*at, "line"), "a line with channel money", f"{line.id!r} with channel {line.channel.value}")
    if not money and line.channel not in (Channel.MONEY, Channel.IN_KIND):
        expected = "a line with channel inKind or money"
        yield Problem((*at, "line"), expected, f"{line.id!r} with channel {line.channel.value}")
    beneficiaries = declared.beneficiaries(line)
    if institution in declared.institutions_by_id and beneficiaries and institution not in beneficiaries:
        expected = f"a line that {institution} may draw on"
        yield Problem((*at, "line"), expected, f"{line.id!r}, which is for {', '.join(beneficiaries)}")
