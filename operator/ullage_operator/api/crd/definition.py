"""A CustomResourceDefinition as a whole."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import yaml

from ullage_operator.api.types import API_VERSION

from .kinds import Kind
from .rule import NotInCel, Rule
from .rules import LIST_KEYS, RULES
from .structural import Schema, structural, type_name

_HEADER: Final = "# Generated from the types by `python -m ullage_operator.api.crd`: change those, then run it.\n"


def definition(kind: Kind) -> Schema:
    """Return the CustomResourceDefinition of a kind."""
    group, version = API_VERSION.split("/")
    names = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "shortNames": [kind.short_name],
        "categories": list(kind.categories),
    }
    columns = [
        {"name": name, "type": type_, "jsonPath": path, "description": description}
        for name, type_, path, description in kind.columns
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{group}"},
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _schema(kind)},
                    **({"subresources": {"status": {}}} if kind.has_status else {}),
                    "additionalPrinterColumns": columns,
                }
            ],
        },
    }


def render(kind: Kind) -> str:
    """Return the CustomResourceDefinition of a kind as YAML."""
    return _HEADER + yaml.dump(definition(kind), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes values that stand in several places out each time, without anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _schema(kind: Kind) -> Schema:
    root = structural(kind.model, _decorate)
    root["properties"]["metadata"] = {"type": "object"}
    # The API server fills these in before it validates, and a status has no place in what users write.
    for name in ("apiVersion", "kind"):
        root["properties"][name] = {"type": "string", "description": root["properties"][name]["description"]}
    if kind.has_status:
        root["properties"]["status"].pop("default", None)
    root["required"] = ["spec"]
    root["x-kubernetes-validations"] = [_as_dict(rule) for rule in kind.root_rules]
    return root


def _as_dict(rule: Rule) -> dict[str, str]:
    placed = {"fieldPath": rule.field_path} if rule.field_path else {}
    return {"rule": rule.cel, "message": rule.message, **placed}


def _rules_by_type() -> dict[str, list[Rule]]:
    found: defaultdict[str, list[Rule]] = defaultdict(list)
    for (model, _), rules in RULES.items():
        if not isinstance(rules, NotInCel):
            found[type_name(model)] += rules
    return found


def _decorate(name: str, schema: Schema) -> None:
    """Add rules and list types to the schema of one type."""
    if rules := _rules_by_type().get(name):
        schema["x-kubernetes-validations"] = [_as_dict(rule) for rule in rules]
    for (model, field), keys in LIST_KEYS.items():
        if type_name(model) == name:
            schema["properties"][field] |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}
