"""Signing in to accounts, and calls that are denied, throttled or answered by another account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from datakit_aws.connection import Account, AwsConnection

SESSION_NAME: Final = "datakit-inventory"
ATTEMPTS: Final = 10
"""Of one call; the SDK waits longer after each, and lowers its own rate while it is throttled."""


class CallError(Exception):
    """A call was not answered; the text names account, region, operation and the reason."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes calls in one account.

    Attributes:
        account: its number.
        region: where services with regions are asked, unless a call says otherwise.
    """

    account: str
    region: str
    _client: Callable[[str, str], Any]

    def within(self, region: str) -> Caller:
        """The same account, in another region."""
        return Caller(self.account, region, self._client)

    def call(self, service: str, operation: str, absent: tuple[str, ...] = (), **given: Any) -> Mapping[str, Any]:
        """The answer of one call.

        Args:
            service: e.g. ``s3``.
            operation: as botocore spells it, e.g. ``get_bucket_encryption``.
            absent: the error codes that mean that there is none of it; the answer is then empty.
            given: its arguments.

        Raises:
            CallError: it was denied, throttled to the end, or not answered.
        """
        try:
            answer: Mapping[str, Any] = getattr(self._client(service, self.region), operation)(**given)
            return answer
        except ClientError as fault:
            if fault.response["Error"]["Code"] in absent:
                return {}
            raise self._error(service, fault.operation_name, fault) from fault
        except BotoCoreError as fault:
            raise self._error(service, operation, fault) from fault

    def pages(
        self, service: str, operation: str, key: str, absent: tuple[str, ...] = (), **given: Any
    ) -> Iterator[Mapping[str, Any]]:
        """All items of all pages of an answer, `key` being the field that has them.

        Raises:
            CallError: as for `call`.
        """
        try:
            for page in self._client(service, self.region).get_paginator(operation).paginate(**given):
                yield from page.get(key, ())
        except ClientError as fault:
            if fault.response["Error"]["Code"] in absent:
                return
            raise self._error(service, fault.operation_name, fault) from fault
        except BotoCoreError as fault:
            raise self._error(service, operation, fault) from fault

    def _error(self, service: str, operation: str, fault: Exception) -> CallError:
        said, service = str(fault), "sts" if operation == "AssumeRole" else service
        if isinstance(fault, ClientError):
            error = fault.response["Error"]
            said = f"{error['Code']}: {error.get('Message') or 'no reason was given'}"
        return CallError(f"account {self.account}, region {self.region}: {service}:{operation}: {said}")


def callers(connection: AwsConnection) -> list[Caller]:
    """A caller for each account; nothing is asked before the first call."""
    return [_caller(connection, account) for account in connection.accounts]


def demand_account(caller: Caller) -> None:
    """The credentials must be of the account that they are meant for.

    Raises:
        CallError: they are of another, or there are none.
    """
    found = caller.call("sts", "get_caller_identity")["Account"]
    if found != caller.account:
        raise CallError(f"account {caller.account}: its credentials are those of account {found}; fix role or profile")


def _caller(connection: AwsConnection, account: Account) -> Caller:
    given = {
        "endpoint_url": connection.endpoint,
        "config": Config(
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
            ignore_configured_endpoint_urls=True,
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=32,
            s3={"addressing_style": "path"} if connection.endpoint else {},
        ),
    }
    session = botocore.session.Session(profile=account.profile)
    if connection.access_key_id and not account.profile:
        session.set_credentials(connection.access_key_id, connection.secret_access_key, connection.session_token)
    if account.role:
        role = _AssumedRole(session, account, {"region_name": connection.regions[0], **given})
        session = botocore.session.Session()
        session.register_component("credential_provider", CredentialResolver([role]))
    session.register_component("data_loader", _loader())
    made: dict[tuple[str, str], Any] = {}
    making = threading.Lock()  # a session makes one client at a time; calls of a client may run side by side

    def client(service: str, region: str) -> Any:
        with making:
            if (service, region) not in made:
                made[service, region] = session.create_client(service, region_name=region, **given)
            return made[service, region]

    return Caller(account.id, connection.regions[0], client)


@cache
def _loader() -> Any:
    """It keeps the descriptions of services that it has read, some of which are large."""
    return botocore.session.Session().get_component("data_loader")


class _AssumedRole(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """The credentials of a role, renewed before they expire."""

    METHOD = "assume-role"

    def __init__(self, session: botocore.session.Session, account: Account, given: Mapping[str, Any]) -> None:
        super().__init__(session)
        self._account, self._given = account, given

    def load(self) -> DeferredRefreshableCredentials:
        source = self.session.get_credentials()
        if source is None:
            raise NoCredentialsError

        def client(service: str, **credentials: Any) -> Any:
            return self.session.create_client(service, **self._given, **credentials)

        more = {"ExternalId": self._account.external_id} if self._account.external_id else {}
        asked = {"RoleSessionName": SESSION_NAME, **more}
        fetcher = AssumeRoleCredentialFetcher(client, source, self._account.role, extra_args=asked)
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)
