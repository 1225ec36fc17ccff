"""What is wrong with a value in the words of manifests: neither Python's nor pydantic's."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LONGEST: Final = 60
_REPR: Final = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = LONGEST

_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), "a mapping"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type"), "a list"),
    **dict.fromkeys(("string_type", "invalid_key"), "text"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a number"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "a day such as 2024-01-31",
    ),
    "none_required": "nothing",
}
"""What pydantic expected (https://docs.pydantic.dev/latest/errors/validation_errors), by the type of its error."""


def _least(error: ErrorDetails) -> str:
    number = error["ctx"]["min_length"]
    return f"at least {number} {'item' if number == 1 else 'items'}"


def _most(error: ErrorDetails) -> str:
    number = error["ctx"]["max_length"]
    return f"at most {number} {'item' if number == 1 else 'items'}"


def _letters(error: ErrorDetails) -> str:
    number = error["ctx"]["min_length"]
    return "text that is not empty" if number == 1 else f"text of at least {number} letters"


_WITH_NUMBERS: Final[Mapping[str, Callable[[ErrorDetails], str]]] = {
    "too_short": _least,
    "too_long": _most,
    "string_too_short": _letters,
    "string_too_long": lambda error: f"text of at most {error['ctx']['max_length']} letters",
    "string_pattern_mismatch": lambda error: f"text of the form {error['ctx']['pattern']}",
    "literal_error": lambda error: str(error["ctx"]["expected"]),
    "greater_than": lambda error: f"more than {error['ctx']['gt']:g}",
    "greater_than_equal": lambda error: f"{error['ctx']['ge']:g} or more",
    "less_than": lambda error: f"less than {error['ctx']['lt']:g}",
    "less_than_equal": lambda error: f"{error['ctx']['le']:g} or less",
}


def expected(error: ErrorDetails) -> str:
    """What would have been right."""
    kind = error["type"]
    if kind in _WITH_NUMBERS:
        return _WITH_NUMBERS[kind](error)
    return _TYPES.get(kind, "something else")


def sentence(error: ErrorDetails) -> str:
    """What is wrong with a field, for messages that name it and do not repeat what was found."""
    match error["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "unknown field"
        case "value_error":
            return str(error["ctx"]["error"])
        case "json_invalid":
            return "this is not valid JSON"
    return f"expected {expected(error)}"


def found(value: Any) -> str:
    """A value as a message names it: what it is, or itself where it is plain."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    return "nothing" if value is None else short(value)


def written(value: Any) -> str:
    """A value as it is in a manifest, in one line and not too long.

    >>> written({"from": "users", "to": [True, None]})
    '{from: users, to: [true, null]}'
    """
    import yaml  # late: only a fault asks

    text = yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("\n").removesuffix("\n...")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def a(noun: str) -> str:
    """A noun with its article.

    >>> a("integer"), a("date")
    ('an integer', 'a date')
    """
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def short(value: object) -> str:
    """A value as YAML writes it, text in quotes, and not too long.

    >>> short(True), short("x"), short(1.5)
    ('true', "'x'", '1.5')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    return _REPR.repr(value)
