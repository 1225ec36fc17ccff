"""Whether a text is one SELECT that cannot leave the query around it."""

from __future__ import annotations

import re
from typing import Final

from datakit_iac.technologies.sql.select import Lexicon

_TOKEN: Final = re.compile(
    r"""\s+ | (?:--|//)[^\n]*
      | (?P<comment>/\*)
      | '(?:[^'\\]|\\.|'')*' | "(?:[^"]|"")*"
      | \$\$.*?\$\$                                    # text between dollars
      | (?P<word>\w[\w$]*)
      | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""https://docs.snowflake.com/en/sql-reference/data-types-text and https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
_LEXICON: Final = Lexicon(_TOKEN, nests=False)


def fault(sql: str) -> str:
    r"""Why a text is not such a SELECT, as a phrase; empty where it is one.

    >>> fault(r"SELECT id FROM users WHERE name <> '\';' // all"), fault("CALL remove_users()")
    ('', 'is CALL; expected one SELECT, which gives the rows that fail')
    """
    return _LEXICON.fault(sql)
