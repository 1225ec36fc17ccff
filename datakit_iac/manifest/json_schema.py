"""JSON Schemas (2020-12) of the manifests, for editors: what is accepted where, shorthands included."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from datakit_iac.manifest.models.document import API_VERSION
from datakit_iac.manifest.models.kinds import KINDS, model_of

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: str) -> dict[str, Any]:
    """The schema of one kind.

    Raises:
        KeyError: there is no such kind.
    """
    document = model_of(kind).whole().model_json_schema(by_alias=True, schema_generator=_Plain)
    document["required"] = ["apiVersion", "kind", *document["required"]]
    return {"$schema": _DIALECT, "$id": f"https://{API_VERSION}/{kind}.schema.json", **_clear(document)}


def schema_of_all() -> dict[str, Any]:
    """One schema for every kind; `kind` decides which of them holds, so that an editor tells that one's faults only."""
    schemas = {kind: schema(kind) for kind in KINDS}
    definitions: dict[str, Any] = {}
    for document in schemas.values():
        definitions |= document.pop("$defs", {})
    choices = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{kind}"}} for kind in schemas
    ]
    wholes = {kind: {key: document[key] for key in document if key[0] != "$"} for kind, document in schemas.items()}
    return {
        "$schema": _DIALECT,
        "$id": f"https://{API_VERSION}/manifest.schema.json",
        "title": "Manifest",
        "type": "object",
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": list(KINDS)}},
        "required": ["apiVersion", "kind"],
        "allOf": choices,
        "$defs": definitions | wholes,
    }


class _Plain(GenerateJsonSchema):
    """Without a title for every field, which only repeats the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _clear(node: Any) -> Any:
    """The schema with descriptions as people read them: without the examples that are run as tests."""
    if isinstance(node, list):
        return [_clear(each) for each in node]
    if not isinstance(node, dict):
        return node
    cleared = {key: _clear(value) for key, value in node.items()}
    if isinstance(text := cleared.get("description"), str):
        cleared["description"] = text.partition("\n\n>>>")[0]
    return cleared
