"""What is printed of plans, manifests and data: nothing in it is hidden from who reads it."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Position
from datakit_iac.findings.visible import visible


@pytest.mark.parametrize("category", ["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])
def test_no_letter_of_a_hidden_category_stays(category: str) -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == category]
    assert letters
    assert [letter for letter in letters if letter in visible(f"a{letter}b")] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\ufeffname", r"\ufeffname"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("\x1b]8;;https://x.io\x1b\\", r"\x1b]8;;https://x.io\x1b\ "[:-1]),
        ("\x9b2J", r"\x9b2J"),
        ("a\xa0b\u3000c", r"a\xa0b\u3000c"),
        ("a\u3164b\u2800c\U000e0101", r"a\u3164b\u2800c\U000e0101"),
        ("a\U000e0041", r"a\U000e0041"),
        ("a\udcff", r"a\udcff"),
        ("a\u200db \ufe0f", r"a\u200db \ufe0f"),
        ("a\r\n\tb", r"a\r\n\tb"),
    ],
)
def test_what_is_not_seen_is_written_as_python_writes_it(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["", "plain", "äöü ß", "漢字", "עברית", "🙂", "👩🏽‍💻 ❤️ 👨‍👩‍👧", "a: b", "C:\\x", "#1", "a::b"]
)
def test_letters_that_are_seen_stay(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", r"\x3a:error::x"),
        ("  ::add-mask::x", r"  \x3a:add-mask::x"),
        ("a ##[stop-commands]x", r"a \x23#[stop-commands]x"),
        ("###[error]", r"#\x23#[error]"),
        ("##vso[task.setvariable]x", r"\x23#vso[task.setvariable]x"),
        ("##teamcity[x]", r"\x23#teamcity[x]"),
    ],
)
def test_nothing_is_an_order_to_the_log_of_a_build(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(f"a\n{text}", lines=True) == f"a\n{shown}"


def test_lines_and_tabs_stay_where_there_may_be_several() -> None:
    assert visible("a\r\n\tb\x0cc\u2028d", lines=True) == "a\n        b\\x0cc\\u2028d"


def test_whatever_a_finding_quotes_is_seen_and_no_password_of_an_address() -> None:
    found = Finding(
        code="x", message="a\u202e ftp://u:p@h", path="spec.\x1b", hint="b\nc password=q d", at=Position("\x07.yaml", 1)
    )
    assert str(found) == (
        r"\x07.yaml:1:0: error[x] spec.\x1b: a\u202e ftp://u:[secret]@h" + "\n" + r"    fix: b\nc password=[secret] d"
    )
