"""YAML as kubectl reads it, with the line of every field.

PyYAML follows YAML 1.1 to the letter, kubectl's reader does not: ``1e-3`` is a number there, ``1:30`` and
``2026-11-23`` are texts. The same file must mean the same to ``kubectl apply`` and to ``ullage run``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from .errors import FieldError, Location, format_path

MAX_TEXT_CHARACTERS: Final = 1_500_000
"""The API server stores no object of more than about 1.5 MB."""
MAX_MERGED_KEYS: Final = 1_000

_BOOLEAN: Final = re.compile(
    r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"
)
_INTEGER: Final = re.compile(r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$")
_FLOAT: Final = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_NULL: Final = re.compile(r"^(?:~|null|Null|NULL|)$")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of kubectl's reader."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Follow ``<<``, but only so far: merges of merges grow without bound."""
        super().flatten_mapping(node)
        if len(node.value) > MAX_MERGED_KEYS:
            raise yaml.constructor.ConstructorError(
                problem=f"a map of more than {MAX_MERGED_KEYS} keys", problem_mark=node.start_mark
            )


def _construct_boolean(_loader: _Loader, node: yaml.ScalarNode) -> bool:
    return str(node.value).lower() in ("y", "yes", "true", "on")


def _construct_integer(_loader: _Loader, node: yaml.ScalarNode) -> int:
    digits = str(node.value).replace("_", "")
    if len(digits) > 100:
        raise yaml.constructor.ConstructorError(
            problem="a number of more than 100 digits", problem_mark=node.start_mark
        )
    old_octal = re.fullmatch(r"([-+]?)0([0-7]+)", digits)
    return int(f"{old_octal[1]}0o{old_octal[2]}" if old_octal else digits, 0)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOLEAN, list("yYnNtTfFoO"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])
_Loader.add_constructor("tag:yaml.org,2002:bool", _construct_boolean)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_integer)


@dataclass(frozen=True)
class Document:
    """One document of a text: its value, and where its fields stand."""

    value: object
    root: yaml.Node

    def line(self, location: Location) -> int:
        """Return the line, from 1, of the field or of the nearest thing around it that is there."""
        line, node = self.root.start_mark.line, self.root
        for part in location:
            step = _step(node, part)
            if step is None:
                break
            line, node = step
        return int(line) + 1

    def written(self, location: Location) -> str | None:
        """Return how a scalar without quotes was written; none for all else."""
        node = self.root
        for part in location:
            step = _step(node, part)
            if step is None:
                return None
            _, node = step
        return str(node.value) if isinstance(node, yaml.ScalarNode) and node.style is None else None


def _step(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        # From the end: of a key that stands twice, the last counts.
        for key, value in reversed(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value == part:
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line, item
    return None


def read_documents(text: str) -> tuple[list[Document], list[FieldError]]:
    """Return the documents of a YAML text that are not empty, and what is wrong with it as YAML.

    Documents before a syntax error are returned with it, so that their errors can be told together.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        found = f"{len(text)} characters"
        return [], [FieldError("", f"a text of at most {MAX_TEXT_CHARACTERS} characters", found)]
    documents: list[Document] = []
    errors: list[FieldError] = []
    try:
        loader = _Loader(text)
        while loader.check_node():
            root = loader.get_node()
            if root is None:
                break
            errors += [*_duplicates(root, (), set())]
            value: object = loader.construct_document(root)
            if value is not None:
                documents.append(Document(value, root))
    except yaml.MarkedYAMLError as error:
        errors.append(_syntax_error(error))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        errors.append(FieldError("", "printable characters", f"the character {_code_point(error)}", line=line))
    except RecursionError:
        errors.append(FieldError("", "YAML nested at most some hundred levels deep", "more levels"))
    except (ValueError, KeyError) as error:
        errors.append(FieldError("", "valid YAML", f"a value that can't be read ({error})"))
    return documents, errors


def _code_point(error: yaml.reader.ReaderError) -> str:
    character = error.character
    return f"U+{ord(character) if isinstance(character, str) else int(character):04X}"


def _syntax_error(error: yaml.MarkedYAMLError) -> FieldError:
    mark = error.problem_mark or error.context_mark
    found = (error.problem or error.context or "something else").removeprefix("found ")
    if mark is not None:
        found += f" at column {mark.column + 1}"
    hint = "indent with spaces" if "'\\t'" in found else ""
    return FieldError("", "valid YAML", found, hint, line=None if mark is None else mark.line + 1)


def _duplicates(node: yaml.Node, location: Location, seen: set[int]) -> Iterator[FieldError]:
    if id(node) in seen:  # An alias: its errors have been told where it stands.
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _duplicates(item, (*location, index), seen)
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            line = key.start_mark.line + 1
            if name in lines and name != "<<":
                found = f"{name!r} on line {lines[name]} and again"
                yield FieldError(format_path((*location, name)), "each field once", found, "take one out", line)
            if isinstance(key, yaml.ScalarNode):
                lines[name] = line
            yield from _duplicates(value, (*location, name), seen)
