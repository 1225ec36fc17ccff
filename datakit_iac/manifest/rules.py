"""What must hold of the parts of manifests beyond the types of their fields, as plain functions.

Those of a whole part are given it once each of its fields is right, and give it back. Nothing here imports pydantic: a
project that is right is read without it (`records`).
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from types import NoneType
from typing import TYPE_CHECKING, Final

from datakit_iac.findings.sensitive import literals, without_passwords
from datakit_iac.manifest.traits import AT_LEAST
from datakit_iac.manifest.values.secret import quoted
from datakit_iac.manifest.values.versions import check_range

if TYPE_CHECKING:
    from datakit_iac.manifest.models.connector import ConnectionField, ConnectorSpec, Tool
    from datakit_iac.manifest.models.dataset import Column, DataSetSpec, Seed, SeedData, Test
    from datakit_iac.manifest.models.environment import Approval, Environment
    from datakit_iac.manifest.models.transform import (
        EnvironmentVariable,
        Port,
        Resources,
        TransformSpec,
        Trigger,
        ValueFrom,
    )

_TESTS_WITH_ARGUMENTS: Final = ("accepted_values", "relationships", "row_count", "freshness", "sql")
_OWN: Final = {"exec": ("command", "requires"), "config": ("template", "format", "path")}


def several(value: object) -> object:
    """A list, where one text may stand for a list of it."""
    return [value] if isinstance(value, str) else value


def label(value: object) -> object:
    """The text of a label, where YAML reads another value: ``true``, ``2024``, ``2024-01-31``, nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float, date)) else value


def arguments(value: object) -> object:
    """A command as a list, where a line for the shell may stand for it."""
    return shlex.split(value) if isinstance(value, str) else value


def fields(value: object) -> object:
    """Fields as a list, where a mapping from the name of each may stand for it."""
    if not isinstance(value, Mapping):
        return value
    if wrong := [name for name, each in value.items() if not isinstance(each, (Mapping, NoneType))]:
        raise ValueError(f"{wrong[0]} is no mapping; expected e.g. {wrong[0]}: {{description: …, optional: true}}")
    return [{"field": name, **(each or {})} for name, each in value.items()]


def amounts(value: object) -> object:
    """Requests and limits, where amounts of both may stand for them."""
    flat = ("cpu", "memory", "ephemeralStorage")
    if not isinstance(value, Mapping) or {*flat}.isdisjoint(value) or not {"requests", "limits"}.isdisjoint(value):
        return value
    both = {name: each for name, each in value.items() if name in flat}
    rest = {name: each for name, each in value.items() if name not in flat}
    return {**rest, "requests": both, "limits": both}


def number(value: object) -> object:
    """A quantity as text, where a number may stand for it, as Kubernetes does: ``cpu: 2`` is ``cpu: "2"``."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def share(text: str) -> str:
    """A number of records, or a share of them."""
    if not re.fullmatch(r"\d+|(\d{1,2}(\.\d+)?|100(\.0+)?)%", text):
        raise ValueError(f"{text!r} is no number of records; expected for instance 100 or 0.1%")
    return text


def on_error(value: object) -> object:
    """What becomes of records that cannot be loaded, where `fail` stands for nothing."""
    if value == "fail" or value is None:
        return None
    if not isinstance(value, Mapping) and not hasattr(value, "quarantine"):
        raise ValueError("expected fail, or {quarantine: A-DATASET, max: 100} where max may be a share such as 0.1%")
    return value


def day(value: object) -> object:
    """A day, where its text may stand for it."""
    from datetime import date  # late: few manifests have one

    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no day; expected one such as 2024-01-31") from None


def default_fits(field: ConnectionField) -> ConnectionField:
    """A default is of the field's type, and no secret has one."""
    if field.default is None:
        return field
    if field.secret or any(literals(field.default, (field.field,))):
        raise ValueError(f"{field.field} is a secret, so it has no default; each Store says ${{VARIABLE}}")
    if not field.fits(field.default):
        found = quoted(field.field, field.default)
        raise ValueError(f"the default of {field.field} is {found}; expected its type, {field.type}")
    return field


def tool_of_one_type(tool: Tool) -> Tool:
    """A tool has what its type needs, and nothing of the other's."""
    own, other = _OWN[tool.type], _OWN["config" if tool.type == "exec" else "exec"]
    if not getattr(tool, own[0]):
        raise ValueError(f"a tool of type {tool.type} needs `{own[0]}`")
    if strange := [name for name in other if getattr(tool, name)]:
        raise ValueError(f"`{strange[0]}` says nothing in a tool of type {tool.type}; it has {', '.join(own)}")
    return tool


def names_differ(spec: ConnectorSpec) -> ConnectorSpec:
    """Nothing of a Connector is listed twice."""
    listed: dict[str, list[str]] = {
        "capabilities": [*spec.capabilities],
        "connectionSchema": [each.field for each in spec.connection_schema],
        "tools": [each.name for each in spec.tools],
    }
    for where, names in listed.items():
        if twice := _twice(names):
            raise ValueError(f"twice among `{where}`: {', '.join(twice)}")
    return spec


def ranged(text: str) -> str:
    """What stands after the @ is a range of versions."""
    check_range(text.partition("@")[2])
    return text


def named_test(value: object) -> object:
    """A test as a mapping, where its bare name may stand for it."""
    if not isinstance(value, str):
        return value
    if value in _TESTS_WITH_ARGUMENTS:
        raise ValueError(f"the test {value} says nothing without its arguments; expected `{value}: …`")
    return {value: True}


def of_rows(test: Test) -> Test:
    """A test that stands with no column asks nothing of one."""
    if test.of_column:
        raise ValueError("unique, not_null, accepted_values and relationships stand with a column")
    return test


def one_test(test: Test) -> Test:
    """A test names one thing that is tested, and tests it."""
    if len(test.model_fields_set) != 1:
        raise ValueError(
            "a test names exactly one of unique, not_null, accepted_values, relationships, row_count, freshness, sql"
        )
    (named,) = test.model_fields_set
    if not getattr(test, named):
        raise ValueError(f"`{named}: {str(getattr(test, named)).lower()}` tests nothing; leave the test out")
    return test


def one_source(seed: SeedData) -> SeedData:
    """Rows stand in one place."""
    if bool(seed.inline) == bool(seed.file):
        raise ValueError("exactly one of inline and file is expected")
    return seed


def some_source(seed: Seed) -> Seed:
    """Rows stand in one place at most, and somewhere at all."""
    if seed.inline and seed.file:
        raise ValueError("one of inline and file is expected, found both")
    if not (seed.inline or seed.file or seed.profiles):
        raise ValueError("inline, file or profiles is expected, found none of them")
    return seed


def one_schema(spec: DataSetSpec) -> DataSetSpec:
    """A schema stands in the manifest or is kept elsewhere."""
    if spec.columns and spec.schema_ref:
        raise ValueError("one of schema and schemaRef is expected, found both")
    return spec


def one_place(spec: DataSetSpec) -> DataSetSpec:
    """A DataSet lies in one place."""
    places = [field for field in ("table", "prefix", "topic") if getattr(spec, field)]
    if len(places) != 1:
        found = " and ".join(places) if places else "none of them"
        raise ValueError(f"exactly one of table, prefix and topic is expected, found {found}")
    if spec.format == "table" and not spec.table:
        raise ValueError(f"`format: table` stands with a table, and this is a {places[0]}")
    return spec


def columns_differ(spec: DataSetSpec) -> DataSetSpec:
    """No column's name stands twice, in whatever case."""
    if twice := _twice([column.name.lower() for column in spec.columns]):
        raise ValueError(f"columns named twice: {', '.join(twice)}")
    if circles := exchanged(spec.columns):
        raise ValueError("; ".join(circles))
    return spec


def exchanged(columns: Iterable[Column]) -> list[str]:
    """Columns that exchange their names, each circle as one sentence: whether that was done already cannot be told."""
    former = {column.name.lower(): {name.lower() for name in column.previous_names} for column in columns}
    former = {name: (names & former.keys()) - {name} for name, names in former.items()}
    if not any(former.values()):
        return []
    reached = {name: _reached(name, former) for name in former}
    circles = {frozenset(each for each in reached[name] if name in reached[each]) for name in former}
    return [
        f"columns {' and '.join(sorted(circle))} exchange names by their previousNames; rename one of them to a third"
        " name in one update, and to its own in the next"
        for circle in sorted(circles, key=sorted)
        if circle
    ]


def _reached(name: str, former: Mapping[str, set[str]]) -> set[str]:
    reached, waiting = set[str](), [*former[name]]
    while waiting:
        if (each := waiting.pop()) not in reached:
            reached.add(each)
            waiting += former[each]
    return reached


def one_way(port: Port) -> Port:
    """A port means DataSets by name or by tags."""
    if (port.dataset is None) == (port.tags is None):
        found = "both" if port.dataset else "none of them"
        raise ValueError(f"exactly one of dataset and tags is expected, found {found}")
    return port


def trigger_complete(trigger: Trigger) -> Trigger:
    """A trigger has what its policy needs, and nothing else."""
    is_scheduled = "schedule" in (trigger.policy, *trigger.policies)
    if is_scheduled and trigger.schedule is None:
        raise ValueError("a schedule needs `schedule: {cron: …}`")
    if trigger.schedule and not is_scheduled:
        expected = "schedule, or composite with schedule among its policies; to pause it, suspend: true"
        raise ValueError(f"`schedule` means nothing with policy {trigger.policy}; expected policy {expected}")
    if (trigger.policy == "composite") != bool(trigger.policies):
        raise ValueError("`policies` lists what a composite trigger is made of, and stands with it alone")
    return trigger


def one_reference(origin: ValueFrom) -> ValueFrom:
    """A value is kept in one place."""
    if (origin.secret_key_ref is None) == (origin.config_map_key_ref is None):
        raise ValueError("exactly one of secretKeyRef and configMapKeyRef is expected")
    return origin


def one_value(variable: EnvironmentVariable) -> EnvironmentVariable:
    """A variable has a value, or says where it is kept."""
    if (variable.value is None) == (variable.value_from is None):
        raise ValueError(f"exactly one of value and valueFrom is expected for {variable.name}")
    return variable


def requests_within_limits(resources: Resources) -> Resources:
    """Nothing is requested beyond its limit."""
    from datakit_iac.manifest.values.quantity import amount  # late: few Transforms say what they need

    for name in ("cpu", "memory", "ephemeral_storage"):
        asked, most = getattr(resources.requests, name), getattr(resources.limits, name)
        if asked and most and amount(asked) > amount(most):
            raise ValueError(f"it requests {name} {asked}, more than its limit {most}")
    return resources


def own_section(spec: TransformSpec) -> TransformSpec:
    """A Transform has the section of its own runtime."""
    for section in ("cloudquery", "dbt"):
        if getattr(spec, section) is not None and spec.runtime != section:
            raise ValueError(f"the section `{section}` stands with runtime {section}, not with {spec.runtime}")
    return spec


def variables_differ(spec: TransformSpec) -> TransformSpec:
    """No variable's name stands twice."""
    if twice := _twice([variable.name for variable in spec.env]):
        raise ValueError(f"variables named twice: {', '.join(twice)}")
    return spec


def approval_mode(value: object) -> object:
    """An approval as a mapping, where its mode may stand for it."""
    return {"mode": value} if isinstance(value, str) else value


def executor_type(value: object) -> object:
    """An executor as a mapping, where its type may stand for it."""
    return {"type": value} if isinstance(value, str) else value


def approval_can_be_given(approval: Approval) -> Approval:
    """As many must agree as the mode asks for, and there are as many people."""
    least = AT_LEAST[approval.mode]
    if approval.required is not None and approval.required < least:
        raise ValueError(f"{approval.mode} asks for at least {least}; `required` can only ask for more")
    if approval.approvers and len({each.casefold() for each in approval.approvers}) < approval.needed:
        raise ValueError(f"{approval.needed} must agree, and there are only {len(approval.approvers)} approvers")
    return approval


def address(text: str) -> str:
    """An address of the web, without a password."""
    from urllib.parse import urlsplit  # late: few Environments have one

    parts = urlsplit(text)
    if parts.username or parts.password or "@" in text or without_passwords(text) != text:
        raise ValueError("an address with a password in it is kept nowhere; leave user and password out")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is no address; expected for instance https://lineage.example.com")
    return text


def bound_once(environment: Environment) -> Environment:
    """No name is bound twice in one Environment."""
    if twice := _twice([each.name for each in environment.bound()]):
        raise ValueError(f"bound twice: {', '.join(twice)}; `-` and `_` are the same, at the top and under spec")
    return environment


def _twice(names: list[str]) -> list[str]:
    """The names that stand several times."""
    if len({*names}) == len(names):
        return []
    return sorted(name for name, count in Counter(names).items() if count > 1)
