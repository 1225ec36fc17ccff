"""YAML as plain values, strictly: a key that occurs twice and a text that is not a value are faults with a position."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

_TAG: Final = "tag:yaml.org,2002:"
_DEEPEST: Final = 100
_CROWDED: Final = 1000
_COMPACT: Final = ("- - - - - - - -", "? ? ? ? ? ? ? ?")


def strict_documents(text: str) -> list[Any]:
    """Every document of a text.

    Raises:
        yaml.MarkedYAMLError: it is not valid YAML, a key occurs twice, a value is none, or it is nested too deep.
    """
    check_depth(text)
    return list(yaml.load_all(text, Loader=StrictLoader))


def check_depth(content: str) -> None:
    """Refuse what is nested so deep that reading it would end the process: the C library recurses without a limit.

    Deep nesting takes many brackets, or indicators one behind the other; only where there are such is it measured.

    Raises:
        yaml.MarkedYAMLError: it is nested too deeply, or it is not valid YAML.
    """
    brackets = content.count("[") + content.count("{")
    if brackets < _CROWDED and not any(indicators in content for indicators in _COMPACT):
        return
    depth = 0
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            problem = f"nested deeper than {_DEEPEST} levels"
            raise ConstructorError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]  # C's mark


class StrictLoader(yaml.CSafeLoader):
    """The C loader, which by itself drops all but the last of equal keys and lets Python's errors through."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping, each of whose keys occurs once; merged ones (``<<``) may occur again."""
        seen: set[str] = set()
        # What is tagged as a mapping and is none, the constructor itself refuses.
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.tag == _TAG + "str":
                if key.value in seen:
                    raise ConstructorError(problem=f"the key {key.value!r} occurs twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _strictly(construct: Callable[..., Any], kind: str) -> Callable[[StrictLoader, yaml.ScalarNode], Any]:
    def constructed(loader: StrictLoader, node: yaml.ScalarNode) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, KeyError, IndexError, AttributeError) as fault:
            problem = f"{node.value[:60]!r} is not a {kind}; where text is meant, put it in quotes"
            raise ConstructorError(problem=problem, problem_mark=node.start_mark) from fault

    return constructed


for _name, _construct, _kind in (
    ("int", SafeConstructor.construct_yaml_int, "whole number"),
    ("float", SafeConstructor.construct_yaml_float, "number"),
    ("bool", SafeConstructor.construct_yaml_bool, "true or false"),
    ("timestamp", SafeConstructor.construct_yaml_timestamp, "date"),
):
    StrictLoader.add_constructor(_TAG + _name, _strictly(_construct, _kind))
