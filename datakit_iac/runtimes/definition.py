"""Digests of what decides the result of a job, and of what an approver approves."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Final

from datakit_iac.contract.job import Job
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.job import TakesFiles
from datakit_iac.runtimes.registry import runtime
from datakit_iac.technologies.technology import address

_COST: Final = 1 << 14
"""scrypt's cost: 16 MiB and some 40 ms for each guess."""


def definition(job: Job) -> str:
    """The digest of what decides the result: the runtime's own, the columns of the outputs, variables, image, command.

    The columns and the variables may be in any order.
    """
    columns = {
        address(each): sorted([column.name, str(column.type), column.required] for column in each.columns)
        for each in job.outputs
    }
    variables = [variable_digests(job.variables)] if job.variables else []
    run = [{"image": job.image, "command": job.command}] if job.image or job.command else []
    return digest([runtime(job.runtime).definition(job), columns, *variables, *run])


def given(job: Job) -> Mapping[str, str]:
    """The digest of each file that the job's tool is given, by path; nothing for a runtime that takes none.

    Raises:
        ValueError: they cannot be read.
    """
    takes = runtime(job.runtime)
    return takes.given(job) if isinstance(takes, TakesFiles) else {}


def given_digest(contents: Mapping[str, str]) -> str:
    """One digest of what `given` tells; empty where no files are given."""
    return digest(dict(contents)) if contents else ""


def variable_digests(variables: Mapping[str, str | Secret]) -> dict[str, str]:
    """The digest of each variable's value; the value itself where it is not a secret.

    It goes into plans, which are read by many, and may be of a password: so it is one that is slow to guess at
    (scrypt, RFC 7914), salted with the variable's name.

    >>> before = variable_digests({"REGION": Secret("eu")})
    >>> before == variable_digests({"REGION": Secret("eu")}), before == variable_digests({"REGION": Secret("us")})
    (True, False)
    """
    return {
        name: _slow(name, value.reveal()) if isinstance(value, Secret) else f"={value}"
        for name, value in sorted(variables.items())
    }


@functools.lru_cache(maxsize=1024)
def _slow(name: str, value: str) -> str:
    salt = f"datakit:{name}".encode()
    return hashlib.scrypt(value.encode(), salt=salt, n=_COST, r=8, p=1, dklen=16).hex()


def digest(content: object) -> str:
    """A digest of plain data."""
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
