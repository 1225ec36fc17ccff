"""Clients of one cluster, kept for the process: a connection with TLS and a user takes longer than most questions."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.technology import StoreError

Answer = TypeVar("Answer")

_REFUSED: Final = frozenset(
    {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError._CRIT_SYS_RESOURCE}
)
"""What another try would not change."""
_UNREACHABLE: Final = frozenset(
    {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._MSG_TIMED_OUT, KafkaError._DESTROY_BROKER}
)
_ALERT: Final = re.compile(r"alert\b.*\bcertificate")
"""What a broker says of a client's certificate comes when it hangs up."""
_TRY: Final = 1.0
_PAUSE: Final = 0.02


class Client:
    """The admin client of a cluster, and why it was refused, which the driver tells a callback only.

    Args:
        said: the fields of `KafkaConnection`, secrets among them.

    Raises:
        StoreError: the brokers cannot be reached, or refuse the user.
    """

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        self.timeout = settings.timeout(said)
        self._heard: list[KafkaError] = []
        try:
            self.admin = AdminClient({**settings.driver(said), "error_cb": self.hear})
        except (KafkaException, ValueError, TypeError) as fault:
            raise StoreError(f"{self.name}: {reason(fault)}") from fault
        self._reach()

    @property
    def name(self) -> str:
        """The cluster, for people."""
        return f"Kafka {settings.brokers(self.said)}"

    def hear(self, error: KafkaError) -> None:
        """Take note of what goes wrong in the background."""
        self._heard = [*self._heard[-9:], error]

    def asked(self, what: str, answer: Callable[[], Answer]) -> Answer:
        """An answer of the brokers.

        Raises:
            StoreError: they cannot be reached, or refuse.
        """
        try:
            found = answer()
            self._heard = []  # whatever it was, it is over
            return found
        except (KafkaException, TimeoutError, ValueError) as fault:
            self.admin.poll(0)
            raise StoreError(f"{self.name}: {what}: {self.why(fault)}") from fault

    def why(self, fault: BaseException) -> str:
        """The reason of a failure: the one that the driver told last, where the failure itself is only a time-out."""
        error = error_of(fault)
        refused = [each for each in self._heard if each.code() in _REFUSED]
        if (error is None or error.code() in _UNREACHABLE) and self._heard:
            return _told((refused or self._heard)[-1], self.said)
        return _told(error, self.said) if error and error.code() in _UNREACHABLE else reason(fault)

    def until(self, what: str, comes: Callable[[], Answer | None], patience: float | None = None) -> Answer:
        """Something that the brokers have promised, which is waited for: they answer before all of them know.

        It is not to be asked for again: another broker may know less.

        Raises:
            StoreError: it does not come in time.
        """
        longest = self.timeout if patience is None else patience
        deadline = time.monotonic() + longest
        while not (found := comes()):
            if time.monotonic() > deadline:
                raise StoreError(f"{self.name}: {what} was asked for, and is not there after {longest:g} s")
            time.sleep(_PAUSE)
        return found

    def _reach(self) -> None:
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                self.admin.list_topics(timeout=min(_TRY, self.timeout))
                return
            except KafkaException as fault:
                self.admin.poll(0)
                is_refused = any(each.code() in _REFUSED for each in self._heard)
                if is_refused or time.monotonic() > deadline:
                    raise StoreError(f"{self.name}: {self.why(fault)}") from fault


def client(said: Mapping[str, Any]) -> Client:
    """The client of a connection that this process has, or a new one; all who wait while it fails get its error.

    Raises:
        StoreError: the brokers cannot be reached, or refuse the user.
    """
    begun = time.monotonic()
    key = hashlib.sha256(json.dumps(settings.driver(said), sort_keys=True).encode()).hexdigest()
    with _making:
        at, fault = _failures.get(key, (0.0, ""))
        if key not in _clients and at >= begun:
            raise StoreError(fault)
        if key not in _clients:
            if len(_clients) >= _MOST:
                del _clients[next(iter(_clients))]
            try:
                _clients[key] = Client(said)
            except StoreError as failed:
                _failures[key] = (time.monotonic(), str(failed))
                raise
        return _clients[key]


def error_of(fault: BaseException) -> KafkaError | None:
    """What the driver or the brokers say, where it is they who do."""
    first = fault.args[0] if fault.args else None
    return first if isinstance(first, KafkaError) else None


def reason(fault: BaseException) -> str:
    """A failure as one line."""
    error = error_of(fault)
    return f"{error.str()} ({error.name()})" if error else str(fault) or type(fault).__name__


def _told(error: KafkaError, said: Mapping[str, Any]) -> str:
    """What the driver heard in the background, with what to do."""
    match error.code():
        case KafkaError._AUTHENTICATION | KafkaError.SASL_AUTHENTICATION_FAILED:
            more = ", tokenEndpoint" if said.get("tokenEndpoint") else ""
            fix = f"the user {said.get('username')!r} was refused: check username, password{more} and saslMechanism"
        case KafkaError._SSL:
            fix = "check caFile, and that the name in the certificate is that of the broker"
        case _ if _ALERT.search(error.str()):
            fix = "the broker asks for another certificate of the client: check certFile and keyFile"
        case _:
            fix = "check brokers and securityProtocol, and that the brokers run"
    return f"{error.str()} ({error.name()}); {fix}"


_MOST: Final = 16
_clients: Final[dict[str, Client]] = {}
_failures: Final[dict[str, tuple[float, str]]] = {}
_making: Final = threading.Lock()
