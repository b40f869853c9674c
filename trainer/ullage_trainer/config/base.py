"""What every type of the manifest and of the contract has in common."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

MAX_ITEMS: Final = 64
"""Longest list of named things (sources, rules, features): the API server bounds the cost of CEL by it."""

IDENTIFIER: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
RELATIVE_PATH: Final = r"^[^/\x00][^\x00]*$"


class Model(BaseModel):
    """Base of all types: camelCase outside, unknown fields refused, values never changed in place."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
    )


Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER, min_length=1, max_length=63)]
"""A name inside a manifest: a source, a column, a rule."""

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
"""A column as its file calls it."""


def _stays_inside(path: str) -> str:
    if ".." in path.split("/"):
        raise ValueError(f"expected a path that stays inside storage, found '..' in {path!r}")
    return path


StoragePath = Annotated[
    str, StringConstraints(pattern=RELATIVE_PATH, min_length=1, max_length=512), AfterValidator(_stays_inside)
]
"""A path relative to the job's storage; it may not start with ``/`` nor climb out with ``..``."""

Fraction = Annotated[float, Field(ge=0, le=1)]
"""A share between 0 and 1, both included."""

Scalar = bool | int | float | str
"""A literal in a rule. In the schema it preserves its type."""
