"""Setting fields in a manifest that people wrote: nothing but those values changes, to the last comment and space.

YAML libraries that keep comments (ruamel.yaml) write the whole file again, in their own indentation and line breaks.
Here each value is put into the text where the parser says that the old one is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

_PLAIN: Final = re.compile(r"^[A-Za-z_][\w./-]*$")


class NotEditableError(Exception):
    """The text is written in a way that cannot be edited like this; it says why."""


def edited(text: str, document: int, values: Mapping[str, str], renamed: Mapping[str, str] | None = None) -> str:
    r"""A manifest's text with other values in its spec.

    Args:
        text: the file's content.
        document: which document of the file, from 0.
        values: the new value of each field of the spec; fields that are not there are added behind the first.
        renamed: fields to call otherwise before that, by their present names.

    Raises:
        NotEditableError: the spec is not a mapping, or what came out is not what was wanted.

    >>> edited("spec:\n  store: a  # ours\n", 0, {"store": "b", "owner": "us"})
    'spec:\n  store: b  # ours\n  owner: us\n'
    """
    before = _load(text, document)
    spec = _spec(text, document)
    splices = [splice for key, value in spec.value for splice in _replaced(key, value, values, renamed or {})]
    there = {(renamed or {}).get(key.value, key.value) for key, _ in spec.value}
    if missing := {name: value for name, value in values.items() if name not in there}:
        splices.append(_added(text, spec, missing))
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    kept = {(renamed or {}).get(name, name): value for name, value in before["spec"].items()}
    if _load(text, document) != {**before, "spec": {**kept, **values}}:
        raise NotEditableError("what came out would mean something else")
    return text


Splice = tuple[int, int, str]
"""From where to where a text is replaced, and by what."""


def _load(text: str, document: int) -> Any:
    try:
        return list(yaml.safe_load_all(text))[document]
    except (yaml.YAMLError, IndexError) as fault:
        raise NotEditableError("the result would not be valid YAML") from fault


def _spec(text: str, document: int) -> yaml.MappingNode:
    # The parser in Python counts characters; the C library's marks may count otherwise.
    root = list(yaml.compose_all(text, Loader=yaml.SafeLoader))[document]
    found = next((value for key, value in getattr(root, "value", ()) if key.value == "spec"), None)
    if not isinstance(found, yaml.MappingNode) or not found.value:
        raise NotEditableError("it has no spec")
    return found


def _replaced(key: yaml.Node, value: yaml.Node, values: Mapping[str, str], renamed: Mapping[str, str]) -> list[Splice]:
    splices = []
    name = renamed.get(key.value, key.value)
    if name != key.value:
        splices.append((key.start_mark.index, key.end_mark.index, name))
    if name in values and value.value != values[name]:
        if not isinstance(value, yaml.ScalarNode) or value.style in ("|", ">"):
            raise NotEditableError(f"`{name}` is not a value on one line")
        splices.append((value.start_mark.index, value.end_mark.index, _scalar(values[name])))
    return splices


def _added(text: str, spec: yaml.MappingNode, missing: Mapping[str, str]) -> Splice:
    key, value = spec.value[0]
    lines = [f"{name}: {_scalar(each)}" for name, each in missing.items()]
    if spec.flow_style:
        return value.end_mark.index, value.end_mark.index, "".join(f", {line}" for line in lines)
    margin = "\n" + " " * key.start_mark.column
    if not isinstance(value, yaml.ScalarNode) or value.style in ("|", ">"):
        return key.start_mark.index, key.start_mark.index, "".join(line + margin for line in lines)
    end_of_line = text.find("\n", value.end_mark.index)
    place = len(text) if end_of_line < 0 else end_of_line
    return place, place, "".join(margin + line for line in lines)


def _scalar(text: str) -> str:
    """A text as a plain scalar where it is one, else in double quotes, whose escapes are those of JSON."""
    return text if _PLAIN.match(text) and yaml.safe_load(text) == text else json.dumps(text, ensure_ascii=False)
