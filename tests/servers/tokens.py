"""An OpenID provider: an endpoint that gives tokens to clients, and the key by which brokers check them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.servers.listening import answering

ISSUER: Final = "https://issuer.test"
AUDIENCE: Final = "kafka"


def key_pair(folder: Path) -> tuple[Path, Path]:
    """A file with a new private key, and one with its public half as brokers read it (a JSON Web Key Set)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private, public = folder / "tokens.key", folder / "jwks.json"
    private.touch(mode=0o600)
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    numbers = key.public_key().public_numbers()
    said = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "test", "e": _number(numbers.e), "n": _number(numbers.n)}
    public.write_text(json.dumps({"keys": [said]}))
    return private, public


class Tokens:
    """An endpoint that gives a client with the right secret a token, by the grant `client_credentials`.

    Attributes:
        url: its address.
        scopes: what was asked for so far.
        lasts: seconds that a token is valid.
    """

    def __init__(self, key: Path, client: str, secret: str) -> None:
        self._key = serialization.load_pem_private_key(key.read_bytes(), None)
        self._client, self._login = client, base64.b64encode(f"{client}:{secret}".encode()).decode()
        self.scopes: list[str] = []
        self.lasts = 300
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"

    @contextmanager
    def listening(self) -> Iterator[Tokens]:
        """Answer until the end of the block."""
        with answering(self._server):
            yield self

    def _token(self) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": self._client, "iat": now, "exp": now + self.lasts}
        head = {"alg": "RS256", "kid": "test", "typ": "JWT"}
        signed = ".".join(_plain(json.dumps(each).encode()) for each in (head, claims))
        assert isinstance(self._key, rsa.RSAPrivateKey)
        return f"{signed}.{_plain(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                if self.headers.get("Authorization") != f"Basic {tokens._login}":
                    self._answer(401, {"error": "invalid_client"})
                    return
                tokens.scopes += asked.get("scope", [])
                self._answer(200, {"access_token": tokens._token(), "token_type": "Bearer", "expires_in": tokens.lasts})

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

            def _answer(self, status: int, document: dict[str, Any]) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def _number(value: int) -> str:
    return _plain(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
