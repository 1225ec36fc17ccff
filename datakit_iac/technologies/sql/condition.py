"""Conditions on rows that people type: one expression over the columns, in which nothing can be done but compared.

It is cut into words and signs of which all databases have the same idea: where a text or a name in quotes ends must not
depend on the dialect. So there are no comments, no `$`-quoted texts and no backslash before a quote.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--|/\*|\*/|//)
      | (?P<text>'(?:[^'\\]|\\[^']|'')*+')
      | (?P<name>"(?:[^"]|"")*+")
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d]\w*)
      | (?P<sign>[()<>=!+\-*/%|,.:\[\]~^&])
    """,
    re.VERBOSE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUERIES: Final = _words(
    "select with values table from describe show summarize pivot unpivot union intersect except into"
)
"""Words that begin a query or go on with one."""
_BEFORE_FROM: Final = _words(
    "distinct century day decade dow doy epoch hour isodow isoyear microsecond microseconds millisecond milliseconds"
    " minute month quarter second week year"
)
"""Words after which `FROM` is part of an expression: `IS DISTINCT FROM`, `EXTRACT(year FROM …)`."""
_OPERATORS: Final = _words(
    "and or not in like ilike similar to between is when then else case end as escape any some all"
)
_TYPES: Final = _words("decimal numeric number varchar char character time timestamp timestamptz float")
_FUNCTIONS: Final = _words(
    "abs array_contains array_length cardinality cast ceil ceiling char_length character_length coalesce concat"
    " contains date date_part date_trunc datediff day endswith ends_with extract floor greatest hour ifnull isfinite"
    " isnan json_array_length json_extract json_extract_string jsonb_array_length jsonb_typeof json_typeof least left"
    " len length list_contains lower ltrim minute mod month now nullif octet_length position quarter"
    " regexp_like regexp_matches replace right round rtrim second sign starts_with startswith strpos substr substring"
    " to_date to_timestamp trim try_cast upper week year"
)
"""Functions that look at the values they are given and at nothing else."""


class ConditionError(ValueError):
    """A text is not such a condition; the message says why, and what is expected."""


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def word(self) -> str:
        """As it is compared: in lower case, without quotes."""
        return self.text.strip('"').replace('""', '"').lower()


def demand(condition: str, masked: Collection[str]) -> None:
    """See that a text is one expression that looks at columns alone.

    >>> demand("lower(name) LIKE 'a%' AND id NOT IN (1, 2)", {"email"})
    >>> for each in ("1=1) OR (2=2", "id IN (SELECT 1)", "pg_read_file('x') > ''", "email > 'm'"):
    ...     try:
    ...         demand(each, {"email"})
    ...     except ConditionError as fault:
    ...         print(fault)
    has a `)` without its `(`; expected one expression over the columns
    has `SELECT`: it cannot query; expected one expression over the columns
    calls pg_read_file(), which is none of the functions that only look at values (`abs`, `lower`, …)
    names email, which is personal data: rows chosen by it would tell its values, though they are masked

    Args:
        condition: the text.
        masked: the columns, in lower case, whose values are not to be seen.

    Raises:
        ConditionError: it is not.
    """
    tokens, depth = _tokens(condition), 0
    if not tokens:
        raise ConditionError("is empty; expected one expression over the columns, such as `id > 10`")
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        depth += (token.text == "(") - (token.text == ")")
        if depth < 0:
            raise ConditionError("has a `)` without its `(`; expected one expression over the columns")
        if token.kind in ("word", "name") and token.word in masked:
            raise ConditionError(
                f"names {token.word}, which is personal data: rows chosen by it would tell its values, though they are"
                " masked"
            )
        if token.kind == "word" and token.word in _QUERIES and not _is_part(token, before):
            raise ConditionError(f"has `{token.text}`: it cannot query; expected one expression over the columns")
        if token.kind in ("word", "name") and after and after.text == "(":
            _demand_callable(token, before)
    if depth:
        raise ConditionError("has a `(` without its `)`; expected one expression over the columns")


def _tokens(condition: str) -> list[_Token]:
    found, place = list[_Token](), 0
    while place < len(condition):
        match = _TOKEN.match(condition, place)
        kind, text = (match.lastgroup or "", match[0]) if match else ("", condition[place])
        if kind in ("", "comment"):
            raise ConditionError(f"has `{text}`{_WHY.get(text, '')}; expected one expression over the columns")
        if kind != "space":
            found.append(_Token(kind, text))
        place += len(text)
    return found


def _is_part(token: _Token, before: _Token | None) -> bool:
    return token.word == "from" and before is not None and before.kind == "word" and before.word in _BEFORE_FROM


def _demand_callable(token: _Token, before: _Token | None) -> None:
    is_plain = token.kind == "word" and not (before and before.text == ".")
    if not is_plain or token.word not in _OPERATORS | _TYPES | _FUNCTIONS:
        raise ConditionError(
            f"calls {token.text}(), which is none of the functions that only look at values (`abs`, `lower`, …)"
        )


_WHY: Final = {
    "'": ": a text does not end, or has a backslash before a quote",
    '"': ": a name in quotes does not end",
    ";": ", the end of a statement",
    "--": ", a comment",
    "/*": ", a comment",
}
