"""Texts and numbers in the page's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml
from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent

_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_COMPACT_FROM: Final = 1e6
_POWERS_FROM: Final = 1e15


class Language(StrEnum):
    """What the page can be written in."""

    ENGLISH = "en"
    CHINESE = "zh"


_LOCALES: Final = {Language.ENGLISH: "en", Language.CHINESE: "zh_Hans_CN"}
HTML_LANGUAGES: Final = {Language.ENGLISH: "en", Language.CHINESE: "zh-Hans"}


class Words:
    """The messages of one language, and how it writes numbers."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.locale: Final = Locale.parse(_LOCALES[language])
        self._messages = messages(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return a message with its places filled in.

        Raises
        ------
        KeyError
            There is no such message, or a place has no value.
        """
        return self._messages[key].format(**values)

    def has(self, key: str) -> bool:
        """Tell whether there is such a message."""
        return key in self._messages

    def number(self, value: float) -> str:
        """Return a number: in full below a million, compact above, by powers of ten from 10¹⁵ on."""
        if abs(value) >= _POWERS_FROM:
            mantissa, _, exponent = f"{value:.2e}".partition("e")
            return f"{format_decimal(float(mantissa), locale=self.locale)} × {power(int(exponent))}"
        if abs(value) >= _COMPACT_FROM:
            return str(format_compact_decimal(value, locale=self.locale, fraction_digits=2))
        # Small numbers keep three digits that tell something.
        form = "#,##0.##" if abs(value) >= 1 or not value else "@##"
        return format_decimal(value, format=form, locale=self.locale)

    def exact(self, value: float) -> str:
        """Return a coefficient, to four places."""
        return format_decimal(value, format="0.0000", locale=self.locale)

    def signed(self, value: float) -> str:
        """Return orders of magnitude, to a tenth; what rounds to 0 has no sign."""
        tenths = round(value, 1)
        return format_decimal(tenths or 0, format="+0.0;-0.0" if tenths else "0", locale=self.locale)

    def percent(self, value: float) -> str:
        """Return a part of 1."""
        return format_percent(value, format="#,##0.#%", locale=self.locale)

    def money(self, value: float, currency: str) -> str:
        """Return an amount of money, its currency by its code's own sign."""
        return format_currency(value, currency, locale=self.locale)

    def country(self, code: str) -> str:
        """Return a country's name; its code where it has none."""
        return str(self.locale.territories.get(code, code))

    def day(self, instant: str) -> str:
        """Return an instant of a document, to the minute, in UTC."""
        return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M} UTC"

    def period(self, start: str, end: str) -> str:
        """Return a period of a document: a calendar month by its name, any other by its days."""
        first, after = datetime.fromisoformat(start), datetime.fromisoformat(end)
        next_month = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
        if (first.day, first.hour, first.minute) == (1, 0, 0) and after == next_month:
            return format_skeleton("yMMMM", first, locale=self.locale)
        return f"{first:%Y-%m-%d} – {after:%Y-%m-%d}"

    def unit(self, unit: str) -> str:
        """Return a unit; one that is no word of ours, such as a currency, as it is."""
        return self(f"unit.{unit}") if self.has(f"unit.{unit}") else unit


def power(exponent: int) -> str:
    """Return a power of ten, such as 10²³."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


@cache
def messages(language: Language) -> Mapping[str, str]:
    """Return the messages of a language by dotted keys.

    Raises
    ------
    TypeError
        Something in its catalogue is no text.
    """
    text = (files(__package__) / "messages" / f"{language}.yaml").read_text(encoding="utf-8")
    return dict(_flat(yaml.safe_load(text), ""))


def _flat(branch: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in branch.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            found.append((f"{prefix}{key}", value))
        else:
            raise TypeError(f"messages: expected a text or a map at {prefix}{key}, found {value!r}")
    return found
