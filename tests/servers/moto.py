"""Moto's server: it stores all configuration of S3 that a real server of a test does not, and enforces none of it."""

from __future__ import annotations

import socket
import sys
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
