"""Classification and personal data beside a description, as one line of JSON: for catalogs, and to see drift."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from datakit_iac.manifest.models.column import Column

_NAMES: Final = frozenset({"classification", "pii", "masking"})


def of_column(column: Column) -> dict[str, Any]:
    """What a contract says of a column's values."""
    return {"pii": column.pii, "masking": column.masking}


def written(description: str, tags: Mapping[str, Any]) -> str:
    r"""A description as it is kept in a Store, its tags on a line of their own.

    >>> written("Where to write.", {"pii": True, "masking": None})
    'Where to write.\n\n{"pii": true}'
    >>> written('{"pii": true}', {"pii": None})  # a description that looks like tags stays one
    '{"pii": true}\n\n{}'

    Args:
        description: for people.
        tags: what is None is not said.
    """
    said = {name: value for name, value in tags.items() if value is not None}
    if not said and split(description) == (description, {}):
        return description
    return "\n\n".join([*([description] if description else []), json.dumps(said)])


def split(text: str) -> tuple[str, dict[str, Any]]:
    r"""Description and tags of a text found in a Store.

    >>> split('Where to write.\n\n{"pii": true}'), split("{1, 2}")
    (('Where to write.', {'pii': True}), ('{1, 2}', {}))
    """
    description, separator, last = text.rpartition("\n\n")
    try:
        tags = json.loads(last)
    except ValueError:
        return text, {}
    if not isinstance(tags, dict) or tags.keys() - _NAMES or not (tags or separator):
        return text, {}
    return description, tags
