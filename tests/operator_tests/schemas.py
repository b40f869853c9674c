"""JSON Schemas of what an API server knows, our own kinds included, in files as kubeconform looks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cluster.kubectl import kubectl

LOCATION = "{{ .ResourceKind }}{{ .KindSuffix }}.json"


def write_schemas(kubeconfig: Path, folder: Path) -> None:
    """Write a file for each kind that the API server's OpenAPI describes; a field that is not there is refused."""
    for path, where in _get(kubeconfig, "/openapi/v3")["paths"].items():
        if not path.startswith(("api/", "apis/")):
            continue
        components = _get(kubeconfig, where["serverRelativeURL"]).get("components", {})
        schemas: dict[str, dict[str, Any]] = components.get("schemas", {})
        for schema in schemas.values():
            _close(schema)
        for name, schema in schemas.items():
            for kind in schema.get("x-kubernetes-group-version-kind", []):
                suffix = "-".join(part for part in (kind["group"].partition(".")[0], kind["version"]) if part)
                file = folder / f"{kind['kind'].lower()}-{suffix}.json"
                file.write_text(json.dumps({"$ref": f"#/components/schemas/{name}", "components": components}))


def _close(schema: dict[str, Any]) -> None:
    """Refuse fields that a schema does not name, in it and in what it contains."""
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values()]
    for each in inner:
        if isinstance(each, dict):
            _close(each)
    open_one = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and not open_one:
        schema["additionalProperties"] = False


def _get(kubeconfig: Path, path: str) -> Any:
    said = kubectl(kubeconfig, "get", "--raw", path)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)
