"""What is a secret by its name or its form, and texts that do not show it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

REDACTED: Final = "[secret]"
NOT_SHOWN: Final = "a value that is not shown"
"""What a message says that it found, where a secret may be."""

SECTIONS: Final[frozenset[str | int]] = frozenset({"secrets", "valueFrom", "secretKeyRef"})
"""Fields of manifests below which only references are allowed: whatever else is found there may be a value."""

_SECRET: Final = re.compile(
    r"(password|passwd|passphrase|secret|token|credential|authorization|signature"
    r"|(api|private|secret|account|access|signing|encryption|master|shared|storage)[_.-]?key"
    r"|(^|[_.-])(pass|pwd|jwt|sas|sig))s?([_.-]?(value|text|\d+))?$"
)
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WHOLE_REFERENCE: Final = re.compile(r"\$\{\w+\}")
_IN_ADDRESS: Final = r"(://[^/\s:@\[]*:)(?!\d+/|\$\{\w+\}@|\[secret\]@)([^\s\"'<>]+)@"
"""The password in an address such as ``postgres://user:password@host``; a port is none."""

_OPTION: Final = (
    r"(?:(?<=[?&;\s\"'])|^)([\w.-]+)=(?!…|\$\{\w+\}|\[secret\])('[^']*'|\"[^\"]*\"|(?:[^&;\s'\",]|,(?!\s))+)"
)
"""One of the options of an address, or of what drivers take for one: ``host=h password=p``."""


def is_secret_name(name: str) -> bool:
    """Whether a secret is what is called like that: `dbPassword` and `API_KEY` are, `tokenUrl` and `keyName` are not.

    >>> is_secret_name("accountKey"), is_secret_name("pwd"), is_secret_name("secretName")
    (True, True, False)
    """
    return _SECRET.search(_HUMPS.sub("_", name).lower()) is not None


def gives_away(name: str, value: object) -> bool:
    """Whether a value that is in a manifest is a secret, by its name or its form.

    >>> gives_away("dbPassword", "x"), gives_away("url", "postgresql://ann:x@db"), gives_away("tokenUrl", "https://x")
    (True, True, False)
    """
    if isinstance(value, str) and without_passwords(value) != value:
        return True
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "" or is_reference(value):
        return False
    # What is counted, as `maxTokens` does, is not a secret.
    return is_secret_name(name) and (isinstance(value, str) or not name.endswith("s"))


def is_reference(value: object) -> bool:
    """Whether a value is a reference as a whole, and so gives nothing away."""
    return isinstance(value, str) and _WHOLE_REFERENCE.fullmatch(value) is not None


def without_passwords(text: str) -> str:
    """A text whose addresses have lost their passwords.

    >>> without_passwords("no ftp://ann:x@h/data?token=y, host=h password=z")
    'no ftp://ann:[secret]@h/data?token=[secret], host=h password=[secret]'
    """
    if ":" in text:
        text = re.sub(_IN_ADDRESS, rf"\1{REDACTED}@", text)
    if "=" in text:
        text = re.sub(_OPTION, _hidden_option, text)
    return text


def _hidden_option(found: re.Match[str]) -> str:
    return f"{found[1]}={REDACTED}" if is_secret_name(found[1]) else found[0]


def passwords(text: str) -> list[str]:
    """What `without_passwords` takes out of a text.

    >>> passwords("ftp://ann:x@h?token='y z'")
    ['x', 'y z']
    """
    options = [found for found in re.finditer(_OPTION, text) if is_secret_name(found[1])]
    return [found[2].strip("'\"") for found in (*re.finditer(_IN_ADDRESS, text), *options)]


def hidden(value: Any, name: str = "") -> Any:
    """Plain data in which what is a secret by its name or its form, and is not a reference to one, is not shown.

    >>> hidden({"url": "pg://ann:x@db", "auth": {"apiToken": ["x"], "user": "ann"}})
    {'url': 'pg://ann:[secret]@db', 'auth': {'apiToken': ['[secret]'], 'user': 'ann'}}
    """
    if isinstance(value, dict):
        return {key: hidden(each, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [hidden(each, name) for each in value]
    if isinstance(value, str) and (shown := without_passwords(value)) != value:
        return shown
    return REDACTED if gives_away(name, value) else value


def literals(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in plain data secrets are in clear.

    >>> list(literals({"auth": {"user": "ann", "tokens": ["x"]}}))
    [('auth', 'tokens', 0)]
    """
    if isinstance(value, dict):
        for key, each in value.items():
            yield from literals(each, (*path, str(key)))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from literals(each, (*path, index))
    elif gives_away(next((step for step in reversed(path) if isinstance(step, str)), ""), value):
        yield path


def is_kept_secret(path: Sequence[str | int], value: object = "?") -> bool:
    """Whether no message may show what is found at a field of a manifest: by its path, its name or its form.

    >>> is_kept_secret(("spec", "secrets", "key")), is_kept_secret(("spec", "connection", "pwd"), 5)
    (True, True)
    """
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    return not SECTIONS.isdisjoint(path) or gives_away(name, value)


_PLAIN_KEY: Final = re.compile(r"[\w.-]+")


def plain_key(key: str) -> str:
    """A key below `secrets` as it may be shown: one of several words is a value that its colon is missing before.

    >>> plain_key("api-key"), plain_key("password hunter2")
    ('api-key', '[secret]')
    """
    return key if _PLAIN_KEY.fullmatch(key) else REDACTED
