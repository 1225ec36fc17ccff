"""Whether a text is one SELECT that cannot leave the query around it; the server makes sure that it writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s+ | --[^\n]*
      | (?P<comment>/\*)
      | [eE]'(?:[^'\\]|\\.|'')*'                       # text with escapes
      | '(?:[^']|'')*' | "(?:[^"]|"")*"
      | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$    # text between dollars
      | (?P<word>\w[\w$]*)
      | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""https://www.postgresql.org/docs/current/sql-syntax-lexical.html"""
_COMMENT: Final = re.compile(r"/\*|\*/")
_QUERIES: Final = ("SELECT", "WITH", "VALUES", "TABLE")


def fault(sql: str) -> str:
    """Why a text is not such a SELECT, as a phrase; empty where it is one.

    >>> fault("SELECT id FROM users WHERE name <> ';' -- all"), fault("DROP TABLE users")
    ('', 'is DROP; expected one SELECT, which gives the rows that fail')
    >>> fault("SELECT 1) AS t; COMMIT; DROP TABLE users; --")
    'has a `)` without its `(`; expected one SELECT'
    """
    first, depth = "", 0
    for token in _tokens(sql):
        if not first and token != "(":
            first = token.upper()
        if token in ("'", '"', "/*"):
            return f"has a {token} that does not end; expected one SELECT"
        if token == ";":
            return "is more than one statement; expected one SELECT"
        depth += (token == "(") - (token == ")")
        if depth < 0:
            return "has a `)` without its `(`; expected one SELECT"
    if first not in _QUERIES:
        return f"is {first or 'nothing'}; expected one SELECT, which gives the rows that fail"
    return "has a `(` without its `)`; expected one SELECT" if depth else ""


def _tokens(sql: str) -> Iterator[str]:
    """Words and signs, without comments and quoted text; a quote or comment that does not end is one of them."""
    place = 0
    while match := _TOKEN.match(sql, place):
        place = match.end()
        if match["comment"]:
            place = _comment_end(sql, place)
            if place < 0:
                yield match["comment"]
                return
        elif token := match["word"] or match["sign"]:
            yield token


def _comment_end(sql: str, place: int) -> int:
    """Where a comment ends, with those within it; -1 where it does not."""
    depth = 1
    while depth:
        match = _COMMENT.search(sql, place)
        if match is None:
            return -1
        depth += 1 if match[0] == "/*" else -1
        place = match.end()
    return place
