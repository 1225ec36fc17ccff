"""The configuration of the pack, by `--policy-pack-config FILE`: JSON with a schema from the models of the rules."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, TypeAdapter

from datakit_iac.manifest.models.document import Model, nothing
from datakit_iac.manifest.models.policy import EnforcementChoice, Waiver
from datakit_iac.policy.rule import Rule


class General(Model):
    """What holds for every policy of the pack.

    Attributes:
        project: the folder of the manifests, from the Pulumi project's; for resources that no Platform registers.
        environment: the environment; the stack's name where it is empty.
        versions: whether versions must be exact; as the environment's manifest says where there is one.
        connectors: the allowed Connectors, each with a range of versions or nothing.
        quotas: limits, by the names of Environment manifests.
        waivers: who is excused, why and until when; beside those of the project's policies.
    """

    project: str = ""
    environment: str = ""
    versions: Literal["exact", "ranges"] | None = None
    connectors: dict[str, str] | None = None
    quotas: dict[str, str | int] | None = None
    waivers: list[Waiver] = Field(default_factory=nothing)


def general_schema() -> dict[str, Any]:
    """The JSON Schema of what holds for all."""
    return _properties(General.model_json_schema(by_alias=True))


def rule_schema(rule: Rule) -> dict[str, Any]:
    """The JSON Schema of a rule's arguments, and of its enforcement."""
    enforcement = TypeAdapter(EnforcementChoice).json_schema()
    return {**_properties(rule.arguments.model_json_schema(by_alias=True)), "enforcement": _inlined(enforcement, {})}


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    definitions = schema.get("$defs", {})
    return {name: _inlined(each, definitions) for name, each in schema.get("properties", {}).items()}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """A schema by itself: the engine knows no definitions beside it.

    Defaults are left out, since the engine would send them as if a user had set them.
    """
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _inlined(each, definitions) for key, each in schema.items() if key not in ("default", "title")}
