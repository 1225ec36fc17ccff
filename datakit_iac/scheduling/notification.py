"""Telling people of Runs that failed, of those that recovered, and of outputs that are stale."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import smtplib
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from typing import Final

from datakit_iac.manifest.models.environment import Mail, Notification, NotificationEvent
from datakit_iac.manifest.values.secret import variable

TIMEOUT: Final = 10.0
"""Seconds that one attempt may take."""
_ATTEMPTS: Final = 3
_PAUSE: Final = 1.0
"""Seconds before the second attempt; before the third twice as many."""
_LAST: Final = 11.0
"""Seconds that the end of what is still to be sent is waited for."""


@dataclass(frozen=True, slots=True)
class Event:
    """One notification.

    Attributes:
        event: its kind.
        environment: where it happened.
        transform: the Transform's name.
        message: one sentence.
        run: the Run's identifier; empty where it is of none.
        at: when, in seconds since 1970.
    """

    event: NotificationEvent
    environment: str
    transform: str
    message: str
    run: str
    at: float

    @property
    def body(self) -> bytes:
        """The event as JSON."""
        return json.dumps(asdict(self), sort_keys=True).encode()


class Notifier:
    """Sends events in the background, each to all who want it; one that cannot be sent is said, and holds up nothing.

    Args:
        notifications: where they go, as the Environment says it.
        find: the value of a variable.
        warn: takes what went wrong.

    Attributes:
        notifications: who is told from now on.
    """

    def __init__(
        self, notifications: Iterable[Notification], find: Callable[[str], object], warn: Callable[[str], None]
    ) -> None:
        self.notifications, self._find, self._warn = tuple(notifications), find, warn
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="notifications", daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Send an event soon."""
        self._events.put(event)

    def close(self) -> None:
        """Wait for what is still to be sent, as long as one attempt may take."""
        self._events.put(None)
        self._thread.join(_LAST)

    def _work(self) -> None:
        while event := self._events.get():
            for each in self.notifications:
                if event.event in each.on:
                    self._send(each, event)

    def _send(self, way: Notification, event: Event) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                if way.webhook:
                    _post(way.webhook, self._secret(way.secret), event)
                elif way.email:
                    _mail(way.email, self._secret(way.email.password), event)
                else:
                    _call(way.command, event)
                return
            except (OSError, smtplib.SMTPException, subprocess.SubprocessError, ValueError) as fault:
                if attempt == _ATTEMPTS:
                    self._warn(f"{way.way} was not notified of the {event.event} of {event.transform}: {fault}")
                else:
                    time.sleep(attempt * _PAUSE)

    def _secret(self, reference: str | None) -> str:
        found = self._find(variable(reference)) if reference else None
        return "" if found is None else str(found)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The header ``X-Datakit-Signature`` of a webhook: HMAC-SHA256 (RFC 2104) of the timestamp, a dot and the body.

    >>> signature("key", "1764500000", b"{}")[:19]
    'sha256=6196654f086e'
    """
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _post(address: str, secret: str, event: Event) -> None:
    body, timestamp = event.body, str(int(time.time()))
    headers = {"Content-Type": "application/json", "User-Agent": "datakit", "X-Datakit-Timestamp": timestamp}
    if secret:
        headers["X-Datakit-Signature"] = signature(secret, timestamp, body)
    request = urllib.request.Request(address, body, headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        answer.read(1)


def _mail(mail: Mail, password: str, event: Event) -> None:
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    message["Subject"] = f"{event.environment}: {event.transform}: {event.event}"
    message.set_content(f"{event.message}\n\n{json.dumps(asdict(event), indent=2)}\n")
    host, _, port = mail.server.partition(":")
    opened = smtplib.SMTP_SSL if mail.tls == "implicit" else smtplib.SMTP
    with opened(host, int(port or (465 if mail.tls == "implicit" else 587)), timeout=TIMEOUT) as server:
        if mail.tls == "starttls":
            server.starttls()
        if mail.user:
            server.login(mail.user, password)
        server.send_message(message)


def _call(command: list[str], event: Event) -> None:
    done = subprocess.run(command, input=event.body, capture_output=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [""]
        raise ValueError(f"it ended with exit code {done.returncode}: {said[0]}")
