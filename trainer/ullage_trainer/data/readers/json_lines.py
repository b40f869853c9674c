"""JSON Lines: one object a line; numbers keep the text that they have in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from .records import Record, damage


class KeysSeen:
    """Which keys the objects had, so that a column that none of them has is told from missing values."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def add(self, body: dict[str, object]) -> None:
        """Remember the keys of an object; of files with endless keys the first 1,000."""
        if len(self.names) < 1000:
            self.names.update(dict.fromkeys(body))


def json_records(path: Path, columns: Sequence[str], seen: KeysSeen) -> Iterator[Record]:
    """Yield every line that is not blank as a record."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield _parse(line, columns, seen)


def _parse(line: bytes, columns: Sequence[str], seen: KeysSeen) -> Record:
    line = line.rstrip(b"\r\n")
    try:
        # Numbers stay texts: nothing is lost between what the file says and what its type is checked against.
        body = json.loads(line.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str)
    except UnicodeDecodeError as error:
        found = f"byte {line[error.start]:#04x} at position {error.start + 1}"
        return Record(damage=damage("UTF-8", found), raw=line.decode(errors="backslashreplace"))
    except (json.JSONDecodeError, RecursionError) as error:
        return Record(damage=damage("a JSON object", error), raw=line.decode())
    if not isinstance(body, dict):
        return Record(damage=damage("a JSON object", type(body).__name__), raw=line.decode())
    seen.add(body)
    values = [body.get(name) for name in columns]
    for name, value in zip(columns, values, strict=True):
        if isinstance(value, (dict, list)):
            return Record(damage=damage(f"a single value for {name}", type(value).__name__), raw=line.decode())
        if isinstance(value, str) and not _is_unicode(value):
            return Record(damage=damage(f"Unicode for {name}", "half a surrogate pair"), raw=line.decode())
    return Record([_text(value) for value in values])


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
