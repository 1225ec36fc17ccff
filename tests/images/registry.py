"""A registry of images that takes what is pushed and gives it out again, by the OCI Distribution Specification 1.1."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.servers.listening import answering


class Registry(ThreadingHTTPServer):
    """Its address is `localhost:PORT`; what it has is in memory."""

    daemon_threads = True

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        """As references name it."""
        return f"localhost:{self.server_address[1]}"


@contextmanager
def serving(settings: Path) -> Iterator[Registry]:
    """One that answers; the file gets the engine's settings by which it needs no certificate."""
    server = Registry()
    settings.write_text(f'[[registry]]\nlocation = "{server.address}"\ninsecure = true\n')
    with answering(server):
        yield server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def do_GET(self) -> None:
        kind, _, key = self.path.rpartition("/")
        there = self.server.manifests if kind.endswith("/manifests") else self.server.blobs
        if self.path == "/v2/" or key in there:
            content = there.get(key, b"")
            named = {"Content-Type": json.loads(content)["mediaType"]} if kind.endswith("/manifests") else {}
            self._answer(200, content, **named)
        else:
            self._answer(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._body()
        upload = str(len(self.server.uploads))
        self.server.uploads[upload] = b""
        self._answer(202, Location=f"{self.path.rstrip('/')}/{upload}")

    def do_PATCH(self) -> None:
        self.server.uploads[self.path.rpartition("/")[2]] += self._body()
        self._answer(202, Location=self.path)

    def do_PUT(self) -> None:
        parts, body = urlsplit(self.path), self._body()
        key = parts.path.rpartition("/")[2]
        if "/manifests/" in parts.path:
            self.server.manifests[key] = body
            self._answer(201)
            return
        whole = self.server.uploads.pop(key) + body
        (digest,) = parse_qs(parts.query)["digest"]
        self.server.uploads[f"done {digest}"] = b""
        is_right = digest == f"sha256:{hashlib.sha256(whole).hexdigest()}"
        self.server.blobs |= {digest: whole} if is_right else {}
        self._answer(201 if is_right else 400)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = bytearray()
        while size := int(self.rfile.readline().strip(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(found)

    def _answer(self, code: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
