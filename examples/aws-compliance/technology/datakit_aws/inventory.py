"""What is in all accounts and regions, table by table: all of it, or what prevents that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from datakit_aws.accounts import Caller, CallError, callers, demand_account
from datakit_aws.buckets import s3_buckets
from datakit_aws.connection import AwsConnection
from datakit_aws.identities import iam_access_keys, iam_users
from datakit_aws.networks import ec2_ingress_rules, ec2_security_groups
from datakit_aws.side_by_side import each
from datakit_aws.tables import TABLES

Row = Mapping[str, Any]

_READERS: Final[Mapping[str, Callable[[Caller], Iterator[Row]]]] = {
    "s3_buckets": s3_buckets,
    "iam_users": iam_users,
    "iam_access_keys": iam_access_keys,
    "ec2_security_groups": ec2_security_groups,
    "ec2_ingress_rules": ec2_ingress_rules,
}


class IncompleteError(Exception):
    """Not all of it could be read; the text names table, account, region and call of each part that is missing."""


class Inventory:
    """The accounts of a connection.

    Args:
        connection: how they are reached; the SDK's own variables of this process count.
        regions: those that are read.
    """

    def __init__(self, connection: AwsConnection) -> None:
        self._callers, self._regions = callers(connection), connection.regions
        self._is_signed_in = False

    def demand_accounts(self) -> None:
        """Sign in to each account, unless that was done.

        Raises:
            IncompleteError: one cannot be signed in to, or is another one; each is named.
        """
        if not self._is_signed_in:
            _whole(each(lambda caller: _tried(lambda: demand_account(caller)), self._callers))
            self._is_signed_in = True

    def read(self, tables: Iterable[str]) -> dict[str, list[Row]]:
        """All rows of some tables.

        Raises:
            IncompleteError: a call was denied or not answered, in whatever table, account or region.
        """
        self.demand_accounts()
        parts = [(table, caller) for table in tables for caller in self._scopes(table)]
        found = list(each(lambda part: _part(*part), parts))
        _whole(fault for _, fault in found)
        rows: dict[str, list[Row]] = {table: [] for table in tables}
        for (table, _), (part, _) in zip(parts, found, strict=True):
            rows[table] += part
        return rows

    def _scopes(self, table: str) -> Sequence[Caller]:
        if TABLES[table].scope == "account":
            return self._callers
        return list(chain.from_iterable(map(caller.within, self._regions) for caller in self._callers))


def inventory(connection: AwsConnection) -> Inventory:
    """The one of a connection in this process: to sign in takes longer than a small table."""
    return _kept(connection.model_dump_json(by_alias=True))


@lru_cache(maxsize=8)
def _kept(connection: str) -> Inventory:
    return Inventory(AwsConnection.model_validate_json(connection))


def _part(table: str, caller: Caller) -> tuple[list[Row], str]:
    try:
        return list(_READERS[table](caller)), ""
    except CallError as fault:
        return [], f"{table}: {fault}"


def _tried(work: Callable[[], None]) -> str:
    try:
        work()
    except CallError as fault:
        return str(fault)
    return ""


def _whole(faults: Iterable[str]) -> None:
    if told := [fault for fault in faults if fault]:
        raise IncompleteError("\n".join(told))
