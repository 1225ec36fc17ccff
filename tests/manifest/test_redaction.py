"""Secrets in every form in which tools repeat them."""

from __future__ import annotations

import ast
import base64
import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit_iac.manifest.redaction import Redaction, secrets_in
from datakit_iac.manifest.values.secret import Secret

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "quote": quote,
    "quote, lower case": lambda value: quote(value, safe="").lower(),
    "quote, all": lambda value: quote(value, safe=""),
    "quote_plus": quote_plus,
    "quoted twice": lambda value: quote(quote(value)),
    "json": json.dumps,
    "json, unicode": lambda value: json.dumps(value, ensure_ascii=False),
    "json, slashes": lambda value: json.dumps(value).replace("/", "\\/"),
    "json in json": lambda value: json.dumps(json.dumps(value)),
    "repr": repr,
    "ascii": ascii,
    "bytes": lambda value: repr(value.encode()),
    "sql": lambda value: "'" + value.replace("'", "''") + "'",
    "shell": shlex.quote,
    "html": html.escape,
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64, no padding": lambda value: base64.b64encode(value.encode()).decode().rstrip("="),
    "base64, urlsafe": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "basic": lambda value: base64.b64encode(f"ann:{value}".encode()).decode(),
    "basic, longer": lambda value: base64.b64encode(f"anna:{value}".encode()).decode(),
    "basic, longest": lambda value: base64.b64encode(f"anna1:{value}".encode()).decode(),
    "json in base64": lambda value: base64.b64encode(
        json.dumps({"a": value, "b": 1}, ensure_ascii=False).encode()
    ).decode(),
}
PLANTED = "pl@nted/se cret+ö€🙂'%\t&;>?~"


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_hidden_in_every_form(form: str) -> None:
    said = Redaction([PLANTED])(f"before {FORMS[form](PLANTED)} after")
    assert "[secret]" in said
    assert (said.startswith("before "), said.endswith(" after")) == (True, True)
    left = said.replace("[secret]", "").lower()
    parts = ("pl@n", "pl%40", "nted", "cret", "706c406e", "cgxabnrlz")
    assert [part for part in parts if part in left] == []


@given(st.text(min_size=3, max_size=40), st.sampled_from(sorted(set(FORMS) - {"json in base64", "quote, lower case"})))
def test_any_text_may_be_a_secret(value: str, form: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    if len(value.strip()) < 3 or (form.startswith(("base64", "basic")) and len(value.encode()) < 6):
        return
    made = FORMS[form](value)
    said = Redaction([value])(f"<<{made}>>")
    assert "[secret]" in said, (made, said)
    assert value not in said.replace("[secret]", "\0")


def test_each_line_of_several_is_hidden_where_it_says_something() -> None:
    key = "-----BEGIN KEY-----\n  MIIEvQIBADANBg\n}\n-----END KEY-----\n"
    said = Redaction([key])("line 2: MIIEvQIBADANBg, } and\n    -----BEGIN KEY-----\n")
    assert said == "line 2: [secret], } and\n    [secret]\n"
    assert Redaction([key])(json.dumps({"key": key})) == '{"key": "[secret]"}'


def test_a_value_of_one_or_two_characters_is_left_alone() -> None:
    assert Redaction(["a", "ab", "", " "])("a table abroad") == "a table abroad"
    assert Redaction(["abc"])("abc") == "[secret]"


def test_where_secrets_overlap_nothing_is_left_of_either() -> None:
    assert Redaction(["abcX", "bcXdef"])("abcXdef!") == "[secret]!"
    assert Redaction(["abc", "abcdef"])("abc abcdef") == "[secret] [secret]"
    assert Redaction(["aba"])("xababax") == "x[secret]x"


def test_secrets_of_data_are_those_marked_and_those_so_called() -> None:
    data = {
        "secrets": Secret({"key": ["one", 12345, True]}),
        "options": {"apiToken": "two", "url": "pg://ann:three@db", "token": "${REFERENCE}", "path": "four"},
        "list": [{"pwd": "five"}],
    }
    assert sorted(secrets_in(data)) == ["12345", "five", "one", "three", "three", "two"]


def test_the_value_is_what_python_reads_back() -> None:
    assert ast.literal_eval(FORMS["repr"](PLANTED)) == PLANTED
