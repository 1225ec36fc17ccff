"""Writes `docs/reference/` from the code: `python -m docs.reference`, or `--check` to compare only."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
import tomllib
import types
import typing
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import datakit_iac
from datakit_iac.cli.registry import SECTIONS, Command, CommandModule
from datakit_iac.installed import names
from datakit_iac.manifest.json_schema import schema, schema_of_all
from datakit_iac.manifest.models.column import ColumnType, SourceColumn
from datakit_iac.manifest.models.dataset import SchemaReference
from datakit_iac.manifest.models.document import API_VERSION, Metadata, Name, Quantity, SecretReference, SemVer
from datakit_iac.manifest.models.kinds import KINDS, model_of
from datakit_iac.manifest.models.plugin import PluginChoice
from datakit_iac.manifest.models.process import Amount
from datakit_iac.manifest.values.duration import Duration, Retention
from datakit_iac.manifest.values.image import ImageReference
from datakit_iac.manifest.values.schedule import Cron, TimeZone
from datakit_iac.manifest.values.versions import VersionRange
from datakit_iac.resources.dataset_arguments import DataSetArguments
from datakit_iac.resources.parts import Part
from datakit_iac.technologies.connection import GROUP
from datakit_iac.technologies.technology import connection_model, technologies
from docs import dataset_arguments, package_schema

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE / "reference"
_INHERITED: Final = ("apiVersion", "kind", "metadata")
_WORDS: Final[list[tuple[Any, str]]] = [
    (Name, "name"),
    (SemVer, "MAJOR.MINOR.PATCH"),
    (VersionRange, "version range"),
    (ImageReference, "image"),
    (PluginChoice, "plugin, image or path"),
    (Cron, "cron expression"),
    (TimeZone, "time zone"),
    (Amount, "quantity"),
    (Quantity, "quantity"),
    (Retention, "duration"),
    (SchemaReference, "`MODULE@RANGE`"),
    (SourceColumn, "`DATASET.COLUMN`"),
    (Duration, "duration"),
    (SecretReference, "`${VARIABLE}`"),
    (ColumnType, "type"),
    (str, "text"),
    (int, "whole number"),
    (float, "number"),
    (bool, "true or false"),
    (date, "date"),
    (Any, "anything"),
    (types.NoneType, ""),
]
"""Python's types in the words of manifests."""

_SECTIONS: Final = {"Args": "Arguments", "Attributes": "Attributes", "Raises": "Raises", "Returns": "Returns"}
_SECTION: Final = re.compile(rf"^({'|'.join(_SECTIONS)}):$")
_SCHEMA_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "pulumi.json#/Any": "anything",
}


def pages() -> dict[str, str]:
    """The text of every page, by file name."""
    made = {f"{kind.lower()}.md": _kind_page(kind, model_of(kind).whole()) for kind in KINDS}
    programs = {
        "resources.md": _resources_page(),
        "python.md": _python_page(),
        "dk.md": _dk_page(),
        "connections.md": _connections_page(),
    }
    schemas = {f"schemas/{name}.schema.json": json.dumps(each, indent=2) + "\n" for name, each in _schemas().items()}
    return {"README.md": _index(), **made, **programs, **schemas}


def _schemas() -> dict[str, Any]:
    """What `dk schema` prints; the wheel carries these files, too."""
    return {"manifest": schema_of_all(), **{kind: schema(kind) for kind in KINDS}}


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` only say which differ; the exit code."""
    only_checks = "--check" in arguments
    package = _written({each.FILE: each.text() for each in (package_schema, dataset_arguments)}, only_checks)
    if package and not only_checks:  # pages are made of these, and this process has read them as they were
        return subprocess.run([sys.executable, "-m", "docs.reference"], cwd=HERE.parent, check=False).returncode
    stale = [*package, *_written({FOLDER / name: text for name, text in pages().items()}, only_checks)]
    return 1 if stale and only_checks else 0


def _written(made: Mapping[Path, str], only_checks: bool) -> list[Path]:
    """The files that are not as made, and were written unless that is only checked."""
    stale = [file for file, text in made.items() if _present(file) != text]
    for file in stale:
        if not only_checks:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made[file], encoding="utf-8")
        print(f"{'differs' if only_checks else 'written'}: {file.relative_to(HERE.parent)}")
    return stale


def undescribed() -> list[str]:
    """Fields of manifests that `fields.toml` does not describe, and entries of it that describe no field."""
    there = {f"{model.__name__}.{name}" for model in _all_models() for name in _fields(model)}
    said = {f"{model}.{name}" for model, fields in _descriptions().items() for name in fields}
    return sorted(there ^ said)


def _present(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


# Manifests.


def _index() -> str:
    lines = ["# Reference", "", "Made from the code by `python -m docs.reference`; do not edit these pages.", ""]
    lines += ["Manifests, one page for each kind:", ""]
    lines += [f"- [{kind}]({kind.lower()}.md): {_first(model_of(kind))}" for kind in KINDS]
    lines += ["- [Connections](connections.md): what a Store of each technology is reached by."]
    lines += ["", "Programs:", ""]
    lines += ["- [`dk`](dk.md): every command and its options."]
    lines += ["- [Python](python.md): what `datakit_iac` exports."]
    lines += ["- [Resources](resources.md): the package `datakit` as the provider publishes it.", ""]
    lines += ["## Every manifest", ""]
    lines += ["| Field | Type | Default | Meaning |", "|---|---|---|---|"]
    lines += [f"| `apiVersion` | `{API_VERSION}` | **required** | How a manifest is known, wherever its file is. |"]
    lines += ["| `kind` | one of the kinds above | **required** | What it is. |"]
    lines += ["| `metadata` | [Metadata](#metadata) | **required** | Its name, and what helps people find it. |"]
    lines += ["| `spec` | see the kind | **required** | What it says; an Environment may leave it out. |", ""]
    lines += [*_model(Metadata), ""]
    lines += ["## Words for types", ""]
    lines += ["- *name*: a lower-case letter, then up to 62 lower-case letters, digits and hyphens."]
    lines += ["- *duration*: as Go writes it, with `d` for days: `90s`, `1h30m`, `7d`."]
    lines += ["- *quantity*: as Kubernetes writes it: `500m`, `2`, `512Mi`, `1.5G`."]
    lines += ["- *image*: of a container, e.g. `ghcr.io/acme/load:1.4.2`."]
    lines += ["- *type*: a column's type; see [types](../types.md)."]
    return "\n".join([*lines, ""])


def _connections_page() -> str:
    lines = [
        "# Connections",
        "",
        "What a Store of each technology is reached by. What is secret is given under `secrets`.",
    ]
    for name in sorted({*technologies(), *names(GROUP)}):
        model = connection_model(name)
        assert model is not None
        code = "" if name in technologies() else " Its fields are known; no code of it is installed."
        lines += ["", f"## {name}", "", f"{_first(model)}{code}", ""]
        lines += ["| Field | Type | Default | Meaning |", "|---|---|---|---|"]
        described = model.model_json_schema()["properties"]
        for each in model.fields():
            kind = "secret" if each["secret"] else _json_type(described[each["name"]])
            default = (
                "**required**"
                if each["required"]
                else f"`{each['default']}`"
                if each["default"] not in ("", None)
                else ""
            )
            lines += [f"| `{each['name']}` | {kind} | {default} | {each['description']} |"]
    return "\n".join([*lines, ""])


def _json_type(said: Mapping[str, Any]) -> str:
    if "enum" in said:
        return " \\| ".join(f"`{each}`" for each in said["enum"])
    several = [_json_type(each) for each in said.get("anyOf", ()) if each.get("type") != "null"]
    words = {**_SCHEMA_WORDS, "array": "list"}
    return several[0] if several else words[said.get("type", "object")]  # a model of its own is a mapping


def _kind_page(kind: str, model: type[BaseModel]) -> str:
    lines = [f"# {kind}", "", *_prose(model), ""]
    lines += ["`apiVersion`, `kind` and `metadata` are as in [every manifest](README.md#every-manifest).", ""]
    own = [name for name in _fields(model) if name != "spec"]
    spec = next(_models_in(model.model_fields["spec"].annotation))
    lines += [*_table(model), ""] if own else [f"`spec` is a [{spec.__name__}](#{spec.__name__.lower()}).", ""]
    for each in _below(model):
        lines += [*_model(each), ""]
    return "\n".join(lines)


def _model(model: type[BaseModel]) -> list[str]:
    lines = [f"## {model.__name__}", "", *_prose(model), "", *_table(model)]
    if model.model_config.get("extra") == "allow":
        lines += ["", "Further fields are allowed: they are the options of what is named."]
    return lines


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| Field | Type | Default | Meaning |"
    yield "|---|---|---|---|"
    for name, (field, annotation) in _fields(model).items():
        meaning = field.description or _descriptions().get(model.__name__, {}).get(name, "")
        yield f"| `{name}` | {_word(annotation)} | {_default(field)} | {meaning} |"


def _fields(model: type[BaseModel]) -> dict[str, tuple[FieldInfo, Any]]:
    """A model's fields by their names in YAML, each with its type as written."""
    hints = typing.get_type_hints(model, include_extras=True)
    named = {field.alias or name: (field, hints[name]) for name, field in model.model_fields.items()}
    return {name: found for name, found in named.items() if name not in _INHERITED}


def _below(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models that a model's fields are made of, each once, the nearest first."""
    found: list[type[BaseModel]] = []
    waiting = [model]
    while waiting:
        for _, annotation in _fields(waiting.pop(0)).values():
            fresh = [each for each in _models_in(annotation) if each not in found and each is not Metadata]
            found += fresh
            waiting += fresh
    return found


def _all_models() -> list[type[BaseModel]]:
    kinds = [model for model in map(_whole, KINDS) if set(_fields(model)) != {"spec"}]
    below = [each for model in map(_whole, KINDS) for each in _below(model)]
    return list(dict.fromkeys([Metadata, *kinds, *below]))


def _whole(kind: str) -> type[BaseModel]:
    return model_of(kind).whole()


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def _word(annotation: Any) -> str:
    """A type in the words of manifests."""
    known = next((word for kind, word in _WORDS if kind == annotation), None)
    if known is not None:
        return known
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _word(arguments[0])
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(filter(None, map(_word, arguments)))
    if origin is list:
        return f"list of {_word(arguments[0])}"
    if origin is dict:
        return f"mapping of {_word(arguments[1])}"
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", [], {}) or isinstance(value, BaseModel):
        return ""
    return f"`{json.dumps(value)}`" if isinstance(value, (bool, int)) else f"`{value}`"


@cache
def _descriptions() -> Mapping[str, Mapping[str, str]]:
    with (HERE / "fields.toml").open("rb") as file:
        return tomllib.load(file)


# Resources.


def _resources_page() -> str:
    schema = json.loads(files("datakit_iac.provider").joinpath("schema.json").read_text(encoding="utf-8"))
    lines = ["# Resources", "", f"The package `{schema['name']}`: {schema['description']}", ""]
    lines += ["Outputs are listed beside the inputs, which every resource also gives back.", ""]
    for token, resource in schema["resources"].items():
        lines += _described(token, resource)
        lines += _properties("Input", resource["inputProperties"], resource.get("requiredInputs", ()))
        only = {name: each for name, each in resource["properties"].items() if name not in resource["inputProperties"]}
        if only:
            lines += ["", *_properties("Output", only, only)]
        lines += [""]
    for token, function in schema["functions"].items():
        lines += _described(token, function)
        for word, part in (("Argument", function["inputs"]), ("Result", function["outputs"])):
            lines += [*_properties(word, part["properties"], part.get("required", ())), ""]
    for token, shape in schema["types"].items():
        lines += [*_described(token, shape), *_shape(shape), ""]
    return "\n".join(lines)


def _shape(shape: Mapping[str, Any]) -> Iterable[str]:
    if values := shape.get("enum"):
        named = ", ".join(f"`{each['value']}`" for each in values)
        return [f"One of {named}."]
    return _properties("Field", shape["properties"], shape.get("required", ()))


def _described(token: str, part: Mapping[str, Any]) -> list[str]:
    return [f"## {token.rpartition(':')[2]}", "", f"`{token}`. {part.get('description', '')}", ""]


def _properties(word: str, found: Mapping[str, Any], required: Iterable[str]) -> Iterator[str]:
    yield f"| {word} | Type | Meaning |"
    yield "|---|---|---|"
    for name, each in found.items():
        kind = _schema_word(each) + ("" if name in required or word == "Output" else ", optional")
        secret = " Secret." if each.get("secret") else ""
        yield f"| `{name}` | {kind} | {each.get('description', '')}{secret} |"


def _schema_word(part: Mapping[str, Any]) -> str:
    if reference := part.get("$ref"):
        name = str(reference).rpartition(":")[2]
        return _SCHEMA_WORDS.get(str(reference), f"[{name}](#{name.lower()})")
    if part.get("type") == "array":
        return f"list of {_schema_word(part['items'])}"
    if isinstance(further := part.get("additionalProperties"), Mapping):
        return f"mapping of {_schema_word(further)}"
    return _SCHEMA_WORDS[str(part["type"])]


# Python.


_ARGUMENTS: Final = (
    "Every argument may be an output of another resource, whole or in any part, which the short names below say:",
    "",
    "| Type | Takes |",
    "|---|---|",
    "| `Text`, `Truth` | `pulumi.Input` of a text, of true or false |",
    "| `Texts` | a list of `Text`, or an output of one |",
    "| `Later` | an output of a text, where few texts are right |",
    "| `DataSets` | a list of DataSets, each or all of which may be outputs |",
    "| `Columns`, `Tests`, `Consents` | a list of [Column](#column), [Test](#test), [Consent](#consent): "
    "classes or mappings |",
    "",
    "Mappings take the names of either column of a table below, those of Python or those of manifests.",
)


def _python_page() -> str:
    lines = ["# Python", "", "`from datakit_iac import …`", "", *_ARGUMENTS, ""]
    for name in datakit_iac.__all__:
        found = getattr(datakit_iac, name)
        if isinstance(found, str):
            continue
        if meaning := getattr(found, "meaning", ""):
            lines += [f"## {name}", "", _ticked(meaning), ""]
            continue
        lines += [f"## {name}", "", *_signature(name, found), *_docstring(found)]
        if inspect.isfunction(found):
            continue
        if issubclass(found, Part):
            lines += [*_python_fields(found.model), ""]
        if found is datakit_iac.DataSet:
            lines += [*_docstring(DataSetArguments)]
    return "\n".join(lines)


def _signature(name: str, found: Any) -> list[str]:
    if isinstance(found, type) and (issubclass(found, Part | dict) or "__init__" not in vars(found)):
        return []
    shown: list[str] = []
    for each in inspect.signature(found).parameters.values():
        if each.kind is inspect.Parameter.KEYWORD_ONLY and "    *," not in shown:
            shown.append("    *,")
        shown.append(f"    {_parameter(each)},")
    return ["```python", f"{name}(", *shown, ")", "```", ""]


def _parameter(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    return f"{stars}{parameter.name}: {parameter.annotation}{default}"


def _python_fields(model: type[BaseModel]) -> Iterator[str]:
    yield "| In Python | In a manifest | Type | Meaning |"
    yield "|---|---|---|---|"
    yaml_names = {id(field): name for name, (field, _) in _fields(model).items()}
    hints = typing.get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        alias = yaml_names[id(field)]
        word = re.sub(r"\(#(\w+)\)", r"(dataset.md#\1)", _word(hints[name]))
        yield f"| `{name}` | `{alias}` | {word} | {_descriptions()[model.__name__][alias]} |"


# The command line.


def _dk_page() -> str:
    lines = ["# dk", "", "What commands have in common: [the command line](../command-line.md).", ""]
    for title, section in SECTIONS.items():
        lines += [f"## {title}", ""]
        for command in section:
            lines += [f"### dk {command.name}", "", *_command(command), ""]
    return "\n".join(lines)


def _command(command: Command) -> Iterator[str]:
    module = cast("CommandModule", importlib.import_module(command.module))
    parser = ArgumentParser(prog=f"dk {command.name}", add_help=False)
    module.configure(parser)
    yield from _fenced(_ticked(inspect.cleandoc(module.__doc__ or "")))
    if parser._actions:
        yield from ("| Argument | Meaning |", "|---|---|")
    for action in parser._actions:
        name = (action.metavar or "|".join(map(str, action.choices or ())) or "").replace("|", "\\|")
        words = ", ".join(action.option_strings)
        spelt = f"{words} {name}".strip() if words and action.nargs != 0 else words or name
        yield f"| `{spelt}` | {action.help or ''} |"


def _fenced(text: str) -> Iterator[str]:
    """A text whose indented blocks, being commands, are fenced."""
    for block in text.split("\n\n"):
        indented = block.startswith("    ")
        yield from ("```console", *map(str.strip, block.split("\n")), "```", "") if indented else (block, "")


# Docstrings.


def _first(found: type) -> str:
    return _ticked(inspect.cleandoc(found.__doc__ or "").partition("\n")[0])


def _prose(found: type) -> list[str]:
    """A docstring without its examples, which are tests."""
    text = inspect.cleandoc(found.__doc__ or "")
    blocks = [block for block in text.split("\n\n") if not block.lstrip().startswith(">>>")]
    return _ticked("\n\n".join(blocks)).split("\n")


def _docstring(found: type) -> Iterator[str]:
    """A docstring in Google's style as Markdown: sections become lists, examples fenced code."""
    for block in inspect.cleandoc(found.__doc__ or "").split("\n\n"):
        first, *rest = block.split("\n")
        if section := _SECTION.match(first):
            yield from (f"{_SECTIONS[section[1]]}:", "", *_entries(rest), "")
        elif first.startswith(">>>"):
            yield from ("```python", *block.split("\n"), "```", "")
        else:
            yield from (*_ticked(block).split("\n"), "")


def _entries(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("    ") and not line.startswith("     "):
            name, _, text = line.strip().partition(": ")
            yield f"- `{name}`: {_ticked(text)}"
        else:
            yield f"  {_ticked(line.strip())}"


def _ticked(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
