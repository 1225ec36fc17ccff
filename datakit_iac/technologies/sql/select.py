"""Whether a text is one SELECT that cannot leave the query around it, by the words and signs of a dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMMENT: Final = re.compile(r"/\*|\*/")
_QUERIES: Final = ("SELECT", "WITH", "VALUES", "TABLE")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """How a dialect cuts a text into words and signs.

    Attributes:
        token: what is skipped, or one of the groups `comment` (where a long comment begins), `word` and `sign`.
        nests: whether a long comment may have others within it.
    """

    token: re.Pattern[str]
    nests: bool = True

    def fault(self, sql: str) -> str:
        """Why a text is not such a SELECT, as a phrase; empty where it is one."""
        first, depth = "", 0
        for token in self._tokens(sql):
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

    def _tokens(self, sql: str) -> Iterator[str]:
        """Words and signs, without comments and quoted text; a quote or comment that does not end is one of them."""
        place = 0
        while match := self.token.match(sql, place):
            place = match.end()
            if match["comment"]:
                place = self._comment_end(sql, place)
                if place < 0:
                    yield match["comment"]
                    return
            elif token := match["word"] or match["sign"]:
                yield token

    def _comment_end(self, sql: str, place: int) -> int:
        """Where a comment ends, with those within it; -1 where it does not."""
        depth = 1
        while depth:
            match = _COMMENT.search(sql, place)
            if match is None:
                return -1
            if match[0] == "*/":
                depth -= 1
            elif self.nests:
                depth += 1
            place = match.end()
        return place
