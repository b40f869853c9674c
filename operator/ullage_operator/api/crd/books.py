"""The rules of what the books are made of: Institution, Investment, PriceList."""

from __future__ import annotations

from typing import Final

from ullage_operator.api import types
from ullage_operator.api.types import units
from ullage_operator.api.types.lines import PEOPLE

from .rule import ListKeys, NotInCel, Rule, Rules, exactly_one, given

_BY_KEY: Final = NotInCel("a list by key (listType: map) says it")
_ORDER: Final = Rule("self.from < self.to", "expected a day after from", ".to")
_OPEN_ORDER: Final = Rule("!has(self.to) || self.from < self.to", "expected a day after from", ".to")
_PEOPLE: Final = str([channel.value for channel in PEOPLE])


def _units(unless: str = "false") -> tuple[Rule, ...]:
    """Return one rule a resource: which units it has."""
    return tuple(
        Rule(
            f"{unless} || self.resource != '{resource.value}' || self.unit in {[unit.value for unit in known]}",
            f"expected {' or '.join(known)} with resource {resource.value}",
            ".unit",
        )
        for resource, known in types.UNITS.items()
    )


def _at_most(but: str) -> Rule:
    most = units.MAX_FINE_AMOUNT
    cel = f"{but} || !has(self.amount) || self.amount <= {most}.0"
    return Rule(cel, f"expected at most {most} of hours or money", ".amount")


def _equal(left: str, right: str) -> str:
    """Return whether two sums of decimals are equal, but for what binary numbers make of them."""
    return f"{left} - {right} <= 0.000000001 * {right} && {right} - {left} <= 0.000000001 * {right}"


def _only_with(channel: types.Channel) -> Rule:
    name = channel.value
    return Rule(
        f"has(self.{name}) == (self.channel == '{name}')", f"expected {name} with channel {name} and only with it"
    )


_DATA_UNITS: Final = [unit.value for unit in types.UNITS[types.Resource.DATA]]
_TOTAL: Final = "self.instalments.map(part, part.amount).sum()"

BOOK_RULES: Final[Rules] = {
    (types.Expression, "_values_fit"): (
        Rule(
            f"(self.operator in ['In', 'NotIn']) == {given('values')}",
            "expected values with operator In or NotIn and only with these",
        ),
    ),
    (types.Selector, "_some_condition"): (
        Rule(
            f"{given('matchLabels')} || {given('matchExpressions')}", "expected matchLabels, matchExpressions or both"
        ),
    ),
    (types.ModelNeed, "_ref_or_size"): (
        Rule(
            "has(self.ref) ? !has(self.parameters) && !has(self.tokens) : has(self.parameters) && has(self.tokens)",
            "expected either ref, or parameters and tokens",
        ),
    ),
    (types.Requirement, "_in_order"): (_ORDER,),
    (types.Requirement, "_unit_fits"): (*_units(), _at_most("self.resource == 'data'")),
    (types.Requirement, "_amount_or_model"): (
        exactly_one("amount", "model"),
        Rule(
            "!has(self.model) || self.unit == 'acceleratorHours'",
            "expected amount with every unit but acceleratorHours",
            ".model",
        ),
    ),
    (types.InstitutionSpec, "_no_overlap"): (
        Rule(
            "!has(self.requires) || self.requires.all(a, self.requires.exists_one(b, a.resource == b.resource && "
            "a.type == b.type && (a.unit == b.unit || a.resource == 'talent') && a.from < b.to && b.from < a.to))",
            "expected one requirement of a type at a time, with no periods that overlap",
            ".requires",
        ),
    ),
    (types.InstitutionSpec, "_shares_with_others"): (
        Rule(
            "!has(self.holds) || !has(self.holds.data) || "
            "self.holds.data.all(asset, !has(asset.sharedWith) || !(self.id in asset.sharedWith))",
            "expected data to be shared with other institutions than this one",
        ),
    ),
    (types.Accelerators, "_in_order"): (_OPEN_ORDER,),
    (types.Staff, "_in_order"): (_OPEN_ORDER,),
    (types.DataAsset, "_unit_fits"): (
        Rule(f"self.unit in {_DATA_UNITS}", f"expected {' or '.join(_DATA_UNITS)}", ".unit"),
    ),
    (types.DataAsset, "_in_order"): (
        Rule("!has(self.from) || !has(self.to) || self.from < self.to", "expected a day after from", ".to"),
    ),
    (types.Holdings, "_each_asset_once"): _BY_KEY,
    (types.Exchange, "_there_and_back"): (
        Rule("self.from != self.to", "expected another place than from", ".to"),
        Rule("!has(self.returns) || self.departs < self.returns", "expected a day after departs", ".returns"),
    ),
    (types.Line, "_one_beneficiary"): (
        exactly_one("beneficiary", "beneficiarySelector"),
        Rule(
            f"!(self.channel in {_PEOPLE}) || has(self.beneficiary)",
            "expected beneficiary with channels education, collaboration, exchange",
        ),
        Rule(
            "!has(self.collaboration) || !has(self.beneficiary) || self.collaboration.partner != self.beneficiary",
            "expected another partner than the beneficiary",
            ".collaboration",
        ),
        Rule(
            "!has(self.exchange) || !has(self.beneficiary) || "
            "self.beneficiary in [self.exchange.from, self.exchange.to]",
            "expected from or to to be the beneficiary",
            ".exchange",
        ),
    ),
    (types.Line, "_part_of_its_channel"): tuple(_only_with(channel) for channel in PEOPLE),
    (types.Line, "_resource_of_its_channel"): (
        Rule(
            "self.channel != 'inKind' || (has(self.resource) && has(self.type))",
            "expected resource and type with channel inKind",
        ),
        Rule(
            f"!(self.channel in {_PEOPLE}) || ((!has(self.resource) || self.resource == 'talent') && !has(self.type))",
            "expected resource talent (or none) and no type with channels education, collaboration, exchange",
        ),
        Rule("!has(self.type) || has(self.resource)", "expected resource beside type"),
    ),
    (types.Line, "_unit_of_its_channel"): (
        Rule(
            f"self.channel != 'money' || self.unit.matches('{units.CURRENCY}')",
            "expected a currency such as CNY with channel money",
            ".unit",
        ),
        Rule(
            f"!(self.channel in {_PEOPLE}) || self.unit == 'hours'",
            "expected hours with channels education, collaboration, exchange",
            ".unit",
        ),
        *_units(unless="self.channel != 'inKind' || !has(self.resource)"),
        _at_most("(self.channel == 'inKind' && has(self.resource) && self.resource == 'data')"),
    ),
    (types.Line, "_amounts_add_up"): (
        Rule(
            f"!{given('instalments')} || ({_equal(_TOTAL, 'self.amount')})",
            "expected instalments that add up to the line's amount",
            ".instalments",
        ),
        Rule(
            "!has(self.education) || "
            f"({_equal('double(self.education.cohort) * self.education.hours', 'self.amount')})",
            "expected education.cohort × education.hours",
            ".amount",
        ),
    ),
    (types.InvestmentSpec, "_in_order"): (_ORDER,),
    (types.InvestmentSpec, "_each_line_once"): _BY_KEY,
    (types.InvestmentSpec, "_one_currency"): (
        Rule(
            "self.lines.all(line, line.channel != 'money' || (has(self.currency) && line.unit == self.currency))",
            "expected currency, and it as the unit of each line with channel money: nothing is exchanged",
            ".lines",
        ),
    ),
    (types.InvestmentSpec, "_days_within_the_term"): (
        Rule(
            "self.lines.all(line, !has(line.instalments) || "
            "line.instalments.all(part, self.from <= part.date && part.date < self.to))",
            "expected each instalment on a day of the term",
            ".lines",
        ),
        Rule(
            "self.lines.all(line, !has(line.exchange) || "
            "(self.from <= line.exchange.departs && line.exchange.departs < self.to))",
            "expected each exchange to depart on a day of the term",
            ".lines",
        ),
        Rule(
            "self.lines.all(line, !has(line.education) || self.from <= line.education.completes)",
            "expected no education to complete before the term",
            ".lines",
        ),
    ),
    (types.Price, "_unit_fits"): _units(),
    (types.PriceListSpec, "_one_price_a_day"): _BY_KEY,
}

BOOK_LIST_KEYS: Final[ListKeys] = {
    (types.Holdings, "data"): ("assetId",),
    (types.InvestmentSpec, "lines"): ("id",),
    (types.PriceListSpec, "entries"): ("resource", "type", "unit", "currency", "from"),
    (types.InstitutionStatus, "conditions"): ("type",),
    (types.InvestmentStatus, "lines"): ("id",),
    (types.InvestmentStatus, "conditions"): ("type",),
}

INSTITUTION_ROOT_RULES: Final = (
    Rule("self.spec.id == oldSelf.spec.id", "spec.id never changes: it is the key in the books", ".spec.id"),
)
PRICE_LIST_ROOT_RULES: Final = (
    Rule(
        "oldSelf.spec.entries.all(old, old in self.spec.entries)",
        "entries are added and never changed or taken out; add one with a later from",
        ".spec.entries",
    ),
)
