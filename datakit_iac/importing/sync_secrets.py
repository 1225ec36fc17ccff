"""Secrets in the spec of a plugin: references stay, what is in clear becomes one and is never written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from datakit_iac.findings.sensitive import gives_away, is_reference, is_secret_name
from datakit_iac.importing.names import variable

_ADDRESSES: Final = re.compile(r"(connection_?(string|uri|url)|dsn|conn_?str)$", re.IGNORECASE)
"""Options whose text may hold a password in a form that only a driver knows."""
_FORMS: Final = re.compile(
    r"PRIVATE KEY|\"private_key|\b(gh[opsu]_|github_pat_|xox[abprs]-|AKIA|ASIA|glpat-|sk_live_|dapi|eyJ)[\w-]{10,}"
)
"""Texts that are secrets whatever their names."""
_KEY_FILE: Final = re.compile(r"(key|credentials?|service_?account|auth)_?json$", re.IGNORECASE)
_FILE: Final = re.compile(r"\$\{file:[^}]*\}")


class Taken(NamedTuple):
    """Options without what is secret.

    Attributes:
        options: what is left; of what is nested, a secret is a reference.
        secrets: references by the names of options.
        variables: variables that stand for values in clear: what is to be set, by the path of the option.
    """

    options: dict[str, Any]
    secrets: dict[str, str]
    variables: dict[tuple[str | int, ...], str]


def taken(options: Mapping[str, Any], store: str) -> Taken:
    """Options without secrets.

    >>> taken({"token": "x", "auth": {"password": "y"}, "key": "${KEY}", "api_key": "${API}"}, "crm")[:2]
    ({'auth': {'password': '${CRM_AUTH_PASSWORD}'}, 'key': '${KEY}'}, {'token': '${CRM_TOKEN}', 'api_key': '${API}'})

    Args:
        options: the plugin's spec.
        store: the name of the Store, for variables.
    """
    variables = {path: variable(store, *map(str, path)) for path in _found(options)}
    left, secrets = {}, {}
    for name, value in options.items():
        if (name,) in variables:
            secrets[name] = f"${{{variables[name,]}}}"
        elif is_reference(value) and (is_secret_name(name) or _ADDRESSES.search(name)):
            secrets[name] = str(value)
        else:
            left[name] = _replaced(value, (name,), variables)
    return Taken(left, secrets, variables)


def _found(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _found(each, (*path, str(key)))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _found(each, (*path, index))
    else:
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        if gives_away(name, value) or (isinstance(value, str) and _is_secret(name, value)):
            yield path


def _is_secret(name: str, text: str) -> bool:
    if is_reference(text):
        return False
    if _ADDRESSES.search(name) and ("@" in text or _FILE.search(text)):
        return True
    return _FORMS.search(text) is not None or (_KEY_FILE.search(name) is not None and not _FILE.fullmatch(text))


def _replaced(value: Any, path: tuple[str | int, ...], variables: Mapping[tuple[str | int, ...], str]) -> Any:
    if path in variables:
        return f"${{{variables[path]}}}"
    if isinstance(value, dict):
        return {key: _replaced(each, (*path, str(key)), variables) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, (*path, index), variables) for index, each in enumerate(value)]
    return value
