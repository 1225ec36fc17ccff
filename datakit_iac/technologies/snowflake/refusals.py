"""What Snowflake refuses, in words that say what to do; no secret is in them.

Numbers of errors: https://docs.snowflake.com/en/sql-reference/error-messages and the connector's `errorcode` module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from snowflake.connector import Error
from snowflake.connector.errors import ForbiddenError, HttpError

from datakit_iac.technologies.snowflake.opening import SignInError

_CONNECTING: Final = (
    (r"[Ii]ncorrect username or password", "correct `user` and the secret `password`"),
    (
        r"JWT token|private key",
        "give the user the public key of `privateKey` (ALTER USER … SET RSA_PUBLIC_KEY)",
    ),
    (r"OAuth|access token|[Tt]oken (?:is|has)", "get another token and put it into the secret `token`"),
    (r"[Rr]ole .* (?:does not exist|not authorized)|role specified", "grant the role to the user, or correct `role`"),
    (r"404 Not Found|account.*(?:not|invalid)", "correct `account`, or `host`"),
    (r"locked|disabled", "unlock or enable the user"),
    (r"MFA|multi-factor", "sign in by `privateKey` or `token`, which need no second factor"),
    (r"is not allowed to access|network policy", "let the account's network policy admit this address"),
)
_HINTS: Final[Mapping[int, str]] = {
    606: "name a `warehouse` that the role may use",
    604: "it was cancelled, or took longer than `statementTimeout`; raise it, or run again later",
    630: "it took longer than `statementTimeout`; raise it, or run again later",
    625: "another transaction holds the table; wait until it is done, or raise `lockTimeout`, and run again",
    2002: "another made it meanwhile; run again",
    2003: "another dropped it meanwhile, or the role may not see it; run again, or grant it",
    3001: "grant the role what it lacks, or connect by another `role`",
    3540: "grant the role what it lacks, or connect by another `role`",
}
_PREFIX: Final = re.compile(r"^(?:\d{6} \(\w+\): )?(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}: )?")
_LOST: Final = frozenset({250001, 250002, 250003, 250005, 250006, 251011, 251012, 261000, 290404, 290503})


def unreachable(options: Mapping[str, Any], fault: Exception) -> str:
    """Why an account cannot be connected to.

    Args:
        options: the fields of `SnowflakeConnection`.
        fault: what the driver says, or why no one signs in.
    """
    said = said_by(fault)
    hint = next((hint for pattern, hint in _CONNECTING if re.search(pattern, said)), "")
    if not hint and not isinstance(fault, SignInError):
        hint = "is the network up, and do `account` and `host` name the server?"
    return f"Snowflake account {options.get('account')} cannot be opened: {said}{f'; {hint}' if hint else ''}"


def refused(fault: Error, what: str = "") -> str:
    """Why a statement was not carried out.

    Args:
        fault: what the driver says.
        what: the statement.
    """
    if is_cut(fault):
        return f"the connection to Snowflake was cut: {said_by(fault)}; run again"
    hint = _HINTS.get(fault.errno or 0, "")
    return f"Snowflake refused{f' `{what}`' if what else ''}: {said_by(fault)}{f'; {hint}' if hint else ''}"


def is_cut(fault: Error) -> bool:
    """Whether the connection is gone, and not only the statement refused."""
    return fault.errno in _LOST or (isinstance(fault, HttpError) and not isinstance(fault, ForbiddenError))


def said_by(fault: Exception) -> str:
    """What the server or the driver says, on one line, without numbers and without where in the statement."""
    text = (fault.raw_msg or fault.msg or "") if isinstance(fault, Error) else str(fault)
    lines = [line.strip() for line in _PREFIX.sub("", text).splitlines() if line.strip()]
    kept = [line for line in lines if line != "SQL compilation error:"]
    return " ".join(kept[:2] if kept and kept[0].endswith(":") else kept[:1]).removesuffix(".") or type(fault).__name__
