"""Notifications: a real web server, a real SMTP server and a real command receive them."""

from __future__ import annotations

import json
import socketserver
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from datakit_iac.manifest.models.environment import Notification
from datakit_iac.scheduling import notification
from datakit_iac.scheduling.notification import Event, Notifier, signature
from tests.servers.listening import answering

EVENT = Event("failure", "prod", "load", "no such table", "01a2", 1764500000.0)


class Hook(ThreadingHTTPServer):
    """Takes what is posted; answers with `status`, and only after `hang` seconds."""

    daemon_threads = True
    status = 200
    hang = 0.0

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Taker)
        self.address = f"http://127.0.0.1:{self.server_port}/hook"


class _Taker(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        time.sleep(self.server.hang)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    with answering(server):
        yield server


def told(ways: list[dict[str, object]], *events: Event, secrets: dict[str, str] | None = None) -> list[str]:
    """What went wrong."""
    warnings: list[str] = []
    notifier = Notifier([Notification.model_validate(each) for each in ways], (secrets or {}).get, warnings.append)
    for event in events:
        notifier.tell(event)
    notifier.close()
    return warnings


def test_a_webhook_gets_signed_json(hook: Hook) -> None:
    way: dict[str, object] = {"webhook": hook.address, "secret": "${HOOK_SECRET}", "on": ["failure"]}
    recovery = Event("recovery", "prod", "load", "it succeeded again", "01a3", 1764500001.0)
    assert told([way], EVENT, recovery, secrets={"HOOK_SECRET": "key"}) == []
    ((headers, body),) = hook.received
    assert json.loads(body) == {
        "event": "failure",
        "environment": "prod",
        "transform": "load",
        "message": "no such table",
        "run": "01a2",
        "at": 1764500000.0,
    }
    assert headers["X-Datakit-Signature"] == signature("key", headers["X-Datakit-Timestamp"], body)


def test_a_webhook_that_hangs_or_refuses_is_told_and_holds_up_no_other(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notification, "TIMEOUT", 0.2)
    monkeypatch.setattr(notification, "_PAUSE", 0.0)
    hook.hang = 1.0
    file = tmp_path / "told"
    ways: list[dict[str, object]] = [{"webhook": hook.address}, {"command": ["tee", str(file)]}]
    monkeypatch.setattr(notification, "_LAST", 30.0)
    (warning,) = told(ways, EVENT)
    assert warning == f"{hook.address} was not notified of the failure of load: timed out"
    assert json.loads(file.read_text())["transform"] == "load"
    hook.hang, hook.status = 0.0, 500
    (warning,) = told(ways[:1], EVENT)
    assert "HTTP Error 500" in warning


def test_a_command_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification, "_PAUSE", 0.0)
    (warning,) = told([{"command": ["sh", "-c", "echo no >&2; exit 3"]}], EVENT)
    assert warning == "sh was not notified of the failure of load: it ended with exit code 3: no"
    (warning,) = told([{"command": ["no-such-program"]}], EVENT)
    assert "No such file or directory" in warning


class _Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as a client without TLS asks for (RFC 5321)."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part)
                self.server.mails.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")


def test_a_mail_is_sent() -> None:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp)
    server.mails = []  # type: ignore[attr-defined]
    with answering(server):
        mail = {
            "to": ["ann@x.io"],
            "from": "datakit@x.io",
            "server": f"127.0.0.1:{server.server_address[1]}",
            "tls": "none",
        }
        assert told([{"email": mail}], EVENT) == []
        (text,) = server.mails  # type: ignore[attr-defined]
    assert "Subject: prod: load: failure" in text
    assert "no such table" in text


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ({}, "exactly one of webhook, email and command is expected, found none"),
        ({"webhook": "https://x.io", "command": ["true"]}, "found webhook and command"),
        ({"command": ["true"], "secret": "${S}"}, "`secret` signs what a webhook is sent"),
        ({"webhook": "https://u:p@x.io"}, "leave user and password out"),
        ({"webhook": "https://x.io", "secret": "plain"}, "secret"),
    ],
)
def test_a_notification_goes_one_way(way: dict[str, object], expected: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Notification.model_validate(way)
    assert expected in str(refused.value)
