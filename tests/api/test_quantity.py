"""Quantities are exact, and rounded up only at the end."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_operator.api.quantity import bytes_, cpu_millis, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100m", Fraction(1, 10)),
        ("2", Fraction(2)),
        ("1.5", Fraction(3, 2)),
        ("+.5", Fraction(1, 2)),
        ("2.", Fraction(2)),
        ("2Gi", Fraction(2 * 2**30)),
        ("500M", Fraction(500 * 10**6)),
        ("1e3", Fraction(1000)),
        ("1E3", Fraction(1000)),
        ("1E", Fraction(10**18)),
        ("5e-3", Fraction(1, 200)),
        ("0.1Ki", Fraction(1024, 10)),
        ("3n", Fraction(3, 10**9)),
    ],
)
def test_a_quantity_has_its_exact_value(text: str, value: Fraction) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text", ["", "1 Gi", "2GB", "1K", "1ki", "Gi", "1.2.3", "1e", "1e3Gi", "٣", "0x10", "1" * 40, "2\n"]
)
def test_what_is_no_quantity_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a quantity such as 500m, 2, 1\.5, 2Gi or 500M, found") as refused:
        parse_quantity(text)
    assert str(refused.value).endswith(f"found {text!r}")


def test_a_quantity_is_bounded_on_both_sides() -> None:
    with pytest.raises(ValueError, match=r"^expected a quantity of at least 0, found '-1'$"):
        parse_quantity("-1")
    with pytest.raises(ValueError, match=r"^expected a quantity of at most 2\^63 - 1, found '1e19'$"):
        parse_quantity("1e19")


@given(st.integers(0, 10**9))
def test_millis_of_a_core_come_back(millis: int) -> None:
    assert cpu_millis(f"{millis}m") == millis


@given(
    whole=st.integers(0, 10**6), part=st.integers(0, 10**6 - 1), suffix=st.sampled_from(["", "Ki", "Mi", "k", "M", "m"])
)
def test_bytes_are_rounded_up_by_less_than_one(whole: int, part: int, suffix: str) -> None:
    text = f"{whole}.{part:06d}{suffix}"
    assert 0 <= bytes_(text) - parse_quantity(text) < 1
