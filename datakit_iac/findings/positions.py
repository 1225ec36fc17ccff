"""Where a field is in its file: asked only for documents that have a finding, since it is slow to know."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import yaml


def position(text: str, document: int, path: Sequence[str | int], *, of_key: bool = False) -> tuple[int, int]:
    """Line and column, from 1, of a field's value; of its nearest parent where it is missing.

    Args:
        text: the file's content; 0 and 0 are returned where it is not valid YAML.
        document: which document of the file, from 0.
        path: keys and indexes from the document's root.
        of_key: whether the key is meant, and not the value.
    """
    try:
        roots = _composed(text)
    except yaml.YAMLError:
        return 0, 0
    root = roots[document] if document < len(roots) else None
    if root is None:
        return 1, 1
    mark = _descend(root, path, of_key).start_mark
    return mark.line + 1, mark.column + 1


def first_line(text: str, document: int) -> int:
    r"""The line, from 1, on which a document begins; read off the text, since every manifest is asked.

    >>> first_line("# ours\n---\nkind: Store\n---\n\nkind: DataSet\n", 1)
    6
    """
    begun = -1
    before = True
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(("---", "...")):
            before = True
        elif before and line.strip() and not line.lstrip().startswith(("#", "%")):
            before, begun = False, begun + 1
            if begun == document:
                return number
    return 1


@lru_cache(maxsize=4)
def _composed(text: str) -> tuple[yaml.Node | None, ...]:
    # Kept for a while: findings come in the order of files, and a file may have many.
    return tuple(yaml.compose_all(text, Loader=yaml.CSafeLoader))


def _descend(node: yaml.Node, path: Sequence[str | int], of_key: bool) -> yaml.Node:
    """The value's node; a key's own where the value is on the lines below it."""
    spot = node
    key = node
    for step in path:
        found = _child(node, step)
        if found is None:
            return spot
        key, node = found
        spot = key if isinstance(node, yaml.CollectionNode) and not node.flow_style else node
    return key if of_key else spot


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
