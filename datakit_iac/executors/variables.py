"""The environment of a job's process: what the machine needs, what is the same everywhere, and what the job declares.

Everything else stays outside: a variable that is not declared is neither part of a job's definition nor approved, so it
must not change what the job does; and a job has no business with the credentials of the user who started it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MACHINE: Final = frozenset(
    {
        # Where programs, libraries, homes and temporary files are.
        "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
        "HOME", "USER", "LOGNAME", "TMPDIR", "TEMP", "TMP",
        # How the network is reached, and whom it trusts.
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
        # What no process of Windows starts without.
        "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA",
    }
)  # fmt: skip
"""The variables of the caller that a job is given: they say where this machine keeps things, not what is computed."""

FIXED: Final[Mapping[str, str]] = {"TZ": "UTC", "LANG": "C.UTF-8"}
"""Those that have the same value on every machine, so that a job's rows do not depend on where it runs."""


def of_job(caller: Mapping[str, str], declared: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a job's process.

    Args:
        caller: the environment of the process that starts it.
        declared: what the job itself is given; it comes before the rest.

    >>> of_job({"PATH": "/bin", "DBT_EMPTY": "true", "TZ": "Asia/Tokyo"}, {"REGION": "eu"})
    {'PATH': '/bin', 'TZ': 'UTC', 'LANG': 'C.UTF-8', 'REGION': 'eu'}
    """
    return {name: value for name, value in caller.items() if name in MACHINE} | {**FIXED, **declared}
