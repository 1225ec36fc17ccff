"""A proxy before an AWS endpoint, which now and then answers that there were too many requests."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.servers.listening import answering

_SERVICE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")
_REFUSED: Final = {
    "s3": (503, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"),
    "ec2": (
        503,
        "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error>"
        "</Errors><RequestID>1</RequestID></Response>",
    ),
    "iam": (
        400,
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>Throttling'
        "</Code><Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>",
    ),
}
"""How each service says so (botocore takes all three for throttling)."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is not an error of ours."""


class Proxy:
    """A proxy that listens.

    Attributes:
        target: the port that requests are passed to.
        every: each so many requests of a service one is refused; 0 for none.
        seen: the requests so far by service.
        refused: those of them that were refused.
    """

    def __init__(self) -> None:
        self.target, self.every = 0, 0
        self.seen: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port

    @contextmanager
    def listening(self) -> Iterator[Proxy]:
        """Answer until the end of the block."""
        with answering(self._server):
            yield self

    def is_refused(self, service: str) -> bool:
        """Whether the next request of a service is."""
        with self._counting:
            self.seen[service] += 1
            refused = bool(self.every) and service in _REFUSED and self.seen[service] % self.every == 0
            self.refused[service] += refused
            return refused

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                found = _SERVICE.search(self.headers.get("Authorization", ""))
                service = found[1] if found else ""
                if proxy.is_refused(service):
                    code, text = _REFUSED[service]
                    self._answer(code, {"Content-Type": "text/xml"}, text.encode())
                    return
                connection = HTTPConnection("127.0.0.1", proxy.target, timeout=60)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
                self._answer(answer.status, kept, answer.read())
                connection.close()

            do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815

            def _answer(self, code: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(code)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler


_HOP: Final = {"connection", "transfer-encoding", "content-length", "keep-alive"}
