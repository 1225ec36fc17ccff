"""What bindings take from Pulumi: a program's outputs, other stacks' outputs, the stack's own configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pulumi
from pulumi.runtime import is_config_secret
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.findings.finding import Finding
from datakit_iac.manifest import wording
from datakit_iac.manifest.models.environment import BindingSection
from datakit_iac.manifest.models.environment import Bound as Declared
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.deferred import IN_TEXT, Deferred, whole
from datakit_iac.resources.known import has_later, is_later
from datakit_iac.technologies.technology import connection_model

Bound = Mapping[str, Mapping[str, Any]]
"""What a program says of Stores, by their names: the fields of a binding, outputs among them."""


class PulumiValues:
    """The values that only the engine knows, by the references in their place.

    Args:
        given: the bindings of the program, whose outputs are kept.
    """

    def __init__(self, given: Bound | None = None) -> None:
        self._given = given or {}
        self._outputs: dict[str, Any] = {}
        self._stacks: dict[str, pulumi.StackReference] = {}

    def bind(self, project: Project, environment: str) -> tuple[Project, list[Finding]]:
        """The project with the program's bindings in its environment, over those of the manifests; and what is wrong.

        Secrets of a connection may be given beside its other fields: a program's outputs are never in clear.
        """
        declared = project.environments.get(environment)
        if not self._given or declared is None:
            return project, []
        bindings, in_spec, found = dict(declared.bindings), dict(declared.spec.bindings), list[Finding]()
        for key, fields in self._given.items():
            before = next((each for each in declared.bound() if each.name == key.replace("_", "-")), None)
            # Where the manifest says it: of two bindings of one name, one would be left out.
            section = in_spec if before and before.path[0] == "spec" else bindings
            try:
                section[before.key if before else key] = self._section(project, before, key, fields)
            except ValidationError as invalid:
                found += [_finding(key, error) for error in invalid.errors()]
        spec = declared.spec.model_copy(update={"bindings": in_spec})
        bound = declared.model_copy(update={"bindings": bindings, "spec": spec})
        return replace(project, environments={**project.environments, environment: bound}), found

    def _section(
        self, project: Project, before: Declared | None, key: str, fields: Mapping[str, Any]
    ) -> BindingSection:
        """The binding that a program gives, over that of the manifests."""
        said = before.binding.model_dump(exclude_unset=True) if before else {}
        if said.get("type") and fields.get("type", said["type"]) != said["type"]:
            said = {}
        kind = fields.get("type") or said.get("type") or _technology(project, key.replace("_", "-"))
        model = connection_model(kind) if isinstance(kind, str) else None
        hidden = model.secrets() if model else ()
        secrets = {**fields.get("secrets", {}), **{name: each for name, each in fields.items() if name in hidden}}
        options = {name: each for name, each in fields.items() if name not in {*hidden, "secrets"}}
        kept = {name: self._kept(f"{key}.secrets.{name}", each, always=True) for name, each in secrets.items()}
        told = {name: self._kept(f"{key}.{name}", each) for name, each in options.items()}
        merged = {**said, **told, **({"secrets": {**said.get("secrets", {}), **kept}} if kept else {})}
        return BindingSection.model_validate(merged)

    def _kept(self, name: str, value: Any, *, always: bool = False) -> Any:
        """The reference in the place of what has an output in it, or is a secret."""
        if isinstance(value, str) and always and IN_TEXT.fullmatch(value):
            return value
        if not (always or has_later(value)):
            return value
        if isinstance(value, Mapping):
            return {key: self._kept(f"{name}.{key}", each, always=always) for key, each in value.items()}
        self._outputs[name] = value
        return f"${{output:{name}}}"

    def replaced(self, value: Any) -> Any:
        """A value with what the engine knows in the place of every reference.

        Raises:
            pulumi.RunError: a value of the configuration is not set.
        """
        match value:
            case Mapping():
                return {key: self.replaced(each) for key, each in value.items()}
            case list() | tuple():
                return [self.replaced(each) for each in value]
            case str() if "${" in value:
                return self._text(value)
        return value

    def secret(self, text: str) -> Any:
        """The value of the reference that a secret is: of the configuration a text, of digits too."""
        reference = whole(text)
        return _configured(reference.name) if reference and reference.source == "config" else self.replaced(text)

    def _text(self, text: str) -> Any:
        if reference := whole(text):
            return self._value(reference)
        parts: list[Any] = []
        end = 0
        for match in IN_TEXT.finditer(text):
            parts += [text[end : match.start()], self._value(Deferred(*match.groups()))]
            end = match.end()
        if not parts:
            return text
        parts.append(text[end:])
        return pulumi.Output.concat(*parts) if any(map(is_later, parts)) else "".join(map(str, parts))

    def _value(self, reference: Deferred) -> Any:
        sources: dict[str, Callable[[str], Any]] = {
            "output": self._outputs.__getitem__,
            "config": lambda name: _scalar(_configured(name)),
            "stack": self._of_stack,
        }
        return sources[reference.source](reference.name)

    def _of_stack(self, name: str) -> pulumi.Output[Any]:
        stack, _, path = name.partition("#")
        if stack not in self._stacks:
            self._stacks[stack] = pulumi.StackReference(stack)
        output, *steps = path.split(".")
        found = self._stacks[stack].require_output(output)
        return found.apply(lambda known: _at(known, steps, name)) if steps else found


def _finding(key: str, error: ErrorDetails) -> Finding:
    field = ".".join(map(str, error["loc"]))
    message = f"the program binds {key}, and its {field} is not right: expected {wording.expected(error)}"
    return Finding(code="invalid-value", message=message)


def _technology(project: Project, store: str) -> str | None:
    declared = project.stores.get(store)
    connector = project.connectors.get(declared.spec.connector.partition("@")[0]) if declared else None
    return connector.spec.type if connector else None


def _configured(name: str) -> str | pulumi.Output[str]:
    """A value of the stack's configuration; of the project's own namespace, where it names none."""
    namespace, _, key = name.rpartition(":")
    bag = pulumi.Config(namespace or None)
    found = bag.get(key)
    if found is None:
        full = bag.full_key(key)
        raise pulumi.RunError(
            f"a binding takes ${{config:{name}}}, and {full} is not set in stack {pulumi.get_stack()}; "
            f"set it: pulumi config set {full} …, with --secret where it is one"
        )
    if is_config_secret(bag.full_key(key)):
        return pulumi.Output.secret(found)
    return found


def _scalar(text: str | pulumi.Output[str]) -> Any:
    """A number, true or false as what it is: configuration keeps text. What is secret stays text."""
    if not isinstance(text, str):
        return text
    try:
        read = json.loads(text)
    except ValueError:
        return text
    return read if isinstance(read, (bool, int, float)) else text


def _at(value: Any, steps: list[str], name: str) -> Any:
    for step in steps:
        if not isinstance(value, Mapping) or step not in value:
            raise pulumi.RunError(f"a binding takes ${{stack:{name}}}, and that output has no {step!r}")
        value = value[step]
    return value
