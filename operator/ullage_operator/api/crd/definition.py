"""The CustomResourceDefinition as a whole."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import yaml

from ullage_operator.api.types import API_VERSION, KIND, TrainingJob

from .rules import LIST_KEYS, ROOT_RULES, RULES, NotInCel, Rule
from .structural import Schema, structural, type_name

PLURAL: Final = "trainingjobs"
_HEADER: Final = "# Generated from the types by `python -m ullage_operator.api.crd`: change those, then run it.\n"
_COLUMNS: Final = (
    ("Status", "string", ".status.phase", "Where the job stands"),
    ("Stage", "string", ".status.stage", "The stage it is at"),
    ("Progress", "string", ".status.progressText", "How far the stage is"),
    ("ETA", "string", ".status.eta", "How long the stage will still take"),
    ("Age", "date", ".metadata.creationTimestamp", "Time since the job was made"),
)


def definition() -> Schema:
    """Return the CustomResourceDefinition of TrainingJob."""
    group, version = API_VERSION.split("/")
    names = {
        "kind": KIND,
        "listKind": f"{KIND}List",
        "plural": PLURAL,
        "singular": KIND.lower(),
        "shortNames": ["tj"],
        "categories": ["all", "ullage"],
    }
    columns = [
        {"name": name, "type": kind, "jsonPath": path, "description": description}
        for name, kind, path, description in _COLUMNS
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{group}"},
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _schema()},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns,
                }
            ],
        },
    }


def render() -> str:
    """Return the CustomResourceDefinition as YAML."""
    return _HEADER + yaml.dump(definition(), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes values that stand in several places out each time, without anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _schema() -> Schema:
    root = structural(TrainingJob, _decorate)
    root["properties"]["metadata"] = {"type": "object"}
    # The API server fills these in before it validates, and a status has no place in what users write.
    for name in ("apiVersion", "kind"):
        root["properties"][name] = {"type": "string", "description": root["properties"][name]["description"]}
    root["properties"]["status"].pop("default", None)
    root["required"] = ["spec"]
    root["x-kubernetes-validations"] = [_as_dict(rule) for rule in ROOT_RULES]
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
    for (model, field), key in LIST_KEYS.items():
        if type_name(model) == name:
            schema["properties"][field] |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}
