"""An emulator of Snowflake: fakesnow, which is DuckDB behind Snowflake's protocol, in an environment of its own.

What it cannot do, `docs/snowflake.md` says: roles, grants, warehouses, tags and masking policies are not there at all.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import ClassVar, Final

from tests.servers import jars
from tests.servers.server import Server, UnavailableError, free_port

VERSION: Final = "0.12.1"
_REQUIREMENTS: Final = Path(__file__).with_name("snowflake-requirements.txt")
_PROGRAM: Final = Path(__file__).with_name("fakesnow_server.py")


class Snowflake(Server):
    """An account with one user, in memory: it signs in by a password, a private key or an OAuth token."""

    name = "an emulator of Snowflake"
    grace: ClassVar[float] = 2.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self.password = free_port(), secrets.token_hex(12)

    def prepare(self) -> None:
        """Make the environment, once for all test runs, and a key pair."""
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

        self.python = jars.kept(f"fakesnow-{VERSION}-{sys.version_info.minor}", _install) / "bin" / "python"
        (self.folder / "tmp").mkdir(exist_ok=True)
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for name, content in (("password", self.password.encode()), ("key.pem", private), ("key.pub", public)):
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).write_bytes(content)

    def environment(self) -> dict[str, str]:
        """Where the files of stages are."""
        return {"TMPDIR": str(self.folder / "tmp")}

    def command(self) -> list[str]:
        """The server."""
        return [str(self.python), "-BP", str(_PROGRAM), str(self.port), str(self.folder / "password")]

    def is_ready(self) -> bool:
        """Whether it listens."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def facts(self) -> dict[str, str]:
        """Host, port, user, and what signs in."""
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "user": "test",
            "password": self.password,
            "private_key": (self.folder / "key.pem").read_text(),
            "token": f"token-of-{self.password}",
        }


def _install(folder: Path) -> None:
    """An environment: fakesnow needs another DuckDB than this package is tested with."""
    python = folder / "bin" / "python"
    steps = [
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(_REQUIREMENTS)],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnavailableError(f"it needs fakesnow, which pip could not install: {done.stderr.strip()[-500:]}")
