"""JSON Schemas for kubeconform, made without a network from Kubernetes' own description of its API and from CRDs.

Strict: a field that the description does not know is refused. kubeconform finds a kind's schema by `TEMPLATE`.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from infra.manifests import read_manifests

TEMPLATE = "{{ .Group }}_{{ .ResourceAPIVersion }}_{{ .ResourceKind }}.json"
"""A schema's file. kubeconform writes the kind in small letters, and the core group, which has no name, as `v1`."""

_DEFINITIONS = "definitions.json"
_NUMBER_OR_TEXT = {"anyOf": [{"type": "string"}, {"type": "number"}]}


def write_schemas(folder: Path, swagger: Path, manifests: Iterable[Path]) -> None:
    """Write a schema for every kind of Kubernetes (its swagger.json) and of each CRD in `manifests` (YAML)."""
    definitions = json.loads(swagger.read_text())["definitions"]
    (folder / _DEFINITIONS).write_text(json.dumps({"definitions": strict_definitions(definitions)}))
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            schema = {"$ref": f"{_DEFINITIONS}#/definitions/{name}"}
            _write(folder, kind["group"], kind["version"], kind["kind"], schema)
    for manifest in manifests:
        for crd in read_manifests(manifest):
            if crd["kind"] == "CustomResourceDefinition":
                for version, schema in crd_schemas(crd):
                    _write(folder, crd["spec"]["group"], version, crd["spec"]["names"]["kind"], schema)


def strict_definitions(definitions: dict[str, Any]) -> dict[str, Any]:
    """Kubernetes' definitions, each refusing what it does not name; amounts and ports are numbers or texts."""
    made = {name: strict(definition) for name, definition in definitions.items()}
    for name in made:
        if name.endswith((".resource.Quantity", ".intstr.IntOrString")):
            made[name] = _NUMBER_OR_TEXT
    return made


def crd_schemas(crd: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each version of a custom resource with its schema."""
    for version in crd["spec"]["versions"]:
        yield version["name"], strict(version["schema"]["openAPIV3Schema"])


def strict(schema: Any) -> Any:
    """The OpenAPI schema as a JSON Schema that takes no unknown field, but where it says that any may stand there."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string") is True:
        return _NUMBER_OR_TEXT
    made = {key: strict(value) for key, value in schema.items()}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") is True or "additionalProperties" in schema
    # `properties` may itself be the name of a field (it is in CustomResourceDefinitions): then it is no map of schemas.
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict) and not open_ended:
        made["additionalProperties"] = False
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        made["type"] = [schema["type"], "null"]
    return made


def _write(folder: Path, group: str, version: str, kind: str, schema: dict[str, Any]) -> None:
    (folder / f"{group or version}_{version}_{kind.lower()}.json").write_text(json.dumps(schema))
