"""Moto's server: it stores all configuration of S3 that a real server of a test does not, and enforces none of it."""

from __future__ import annotations

import socket
import sys
import urllib.request
from pathlib import Path

from tests.servers.server import Server, free_port


class Moto(Server):
    """AWS's interfaces without signatures; nothing is kept over a restart."""

    name = "moto"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    def prepare(self) -> None:
        """It has no data."""

    def command(self) -> list[str]:
        """All services on one port."""
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def is_ready(self) -> bool:
        """Whether it listens."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def facts(self) -> dict[str, str]:
        """Its address; any key will do."""
        return {"endpoint": f"http://127.0.0.1:{self.port}"}


class StrictMoto(Moto):
    """Moto that can check signatures and the policies of IAM."""

    name = "moto with rights"

    def command(self) -> list[str]:
        """The same, where a request for a role by a web identity needs no signature, as on AWS."""
        return [sys.executable, "-c", _UNSIGNED, *super().command()[3:]]

    def check_rights(self) -> None:
        """Check all requests from now on."""
        asked = urllib.request.Request(
            f"{self.facts()['endpoint']}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(asked, timeout=10).close()


_UNSIGNED = """
import sys
from moto.core.authorization import ActionAuthenticatorMixin as Checks
from moto.server import main
check = Checks._authenticate_and_authorize_action
def checked(self, *args, **more):
    if self._get_action() != "AssumeRoleWithWebIdentity":
        check(self, *args, **more)
Checks._authenticate_and_authorize_action = checked
main(sys.argv[1:])
"""
