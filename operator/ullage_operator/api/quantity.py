"""Kubernetes quantities, exactly: ``100m``, ``1.5``, ``2Gi``, ``500M``, ``1e3``.

The grammar is that of ``k8s.io/apimachinery/pkg/api/resource.Quantity``.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

QUANTITY_PATTERN: Final = r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$"
"""Quantities of resources: as Kubernetes writes them, and not negative."""

MAX_QUANTITY_LENGTH: Final = 32

_MAXIMUM: Final = 2**63 - 1
_SUFFIXES: Final[dict[str, Fraction]] = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    **{suffix: Fraction(10 ** (3 * power)) for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Fraction(2 ** (10 * power)) for power, suffix in enumerate("KMGTPE", start=1)},
}
_PARTS: Final = re.compile(r"\+?(?P<number>[0-9.]+)(?P<suffix>[A-Za-z]*)(?P<exponent>[+-]?[0-9]*)")


@lru_cache(maxsize=1024)
def parse_quantity(text: str) -> Fraction:
    """Return the exact value of a quantity.

    Raises
    ------
    ValueError
        Says what was expected and what was found: not a quantity, negative, or above 2^63 - 1.

    Examples
    --------
    >>> parse_quantity("100m"), parse_quantity("1.5Ki"), parse_quantity("1e3")
    (Fraction(1, 10), Fraction(1536, 1), Fraction(1000, 1))
    """
    problem = f"expected a quantity such as 500m, 2, 1.5, 2Gi or 500M, found {text!r}"
    if text.startswith("-"):
        raise ValueError(f"expected a quantity of at least 0, found {text!r}")
    match = _PARTS.fullmatch(text)
    if match is None or len(text) > MAX_QUANTITY_LENGTH or not re.fullmatch(QUANTITY_PATTERN, text):
        raise ValueError(problem)
    suffix, exponent = match["suffix"], match["exponent"]
    scale = Fraction(10) ** int(exponent) if exponent else _SUFFIXES[suffix]
    value = Fraction(match["number"].rstrip(".")) * scale
    if value > _MAXIMUM:
        raise ValueError(f"expected a quantity of at most 2^63 - 1, found {text!r}")
    return value


def cpu_millis(quantity: str) -> int:
    """Return thousandths of a core, rounded up as the scheduler does.

    Examples
    --------
    >>> cpu_millis("1.5"), cpu_millis("100u")
    (1500, 1)
    """
    return math.ceil(parse_quantity(quantity) * 1000)


def bytes_(quantity: str) -> int:
    """Return whole bytes (or whole units of a countable resource), rounded up as Kubernetes does.

    Examples
    --------
    >>> bytes_("2Gi"), bytes_("1500m")
    (2147483648, 2)
    """
    return math.ceil(parse_quantity(quantity))
