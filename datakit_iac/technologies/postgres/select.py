"""Whether a text is one SELECT that cannot leave the query around it; the server makes sure that it writes nothing."""

from __future__ import annotations

import re
from typing import Final

from datakit_iac.technologies.sql.select import Lexicon

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
_LEXICON: Final = Lexicon(_TOKEN)


def fault(sql: str) -> str:
    """Why a text is not such a SELECT, as a phrase; empty where it is one.

    >>> fault("SELECT id FROM users WHERE name <> ';' -- all"), fault("DROP TABLE users")
    ('', 'is DROP; expected one SELECT, which gives the rows that fail')
    >>> fault("SELECT 1) AS t; COMMIT; DROP TABLE users; --")
    'has a `)` without its `(`; expected one SELECT'
    """
    return _LEXICON.fault(sql)
