"""A real schema registry that speaks Confluent's API: Apicurio Registry, from what Maven serves."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from tests.servers import jars
from tests.servers.server import Server, free_port

VERSION: Final = "3.0.9"
"""The last one that Java 17 runs."""
_JAVA: Final = 17


class Registry(Server):
    """A registry with its schemas in a file, and no password; new subjects are compatible BACKWARD."""

    name = "a schema registry"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self.management = free_port(), free_port()

    def prepare(self) -> None:
        """Fetch it, once for all test runs."""
        self.java, home = jars.java(_JAVA), jars.kept(f"apicurio-{VERSION}", _fetch)
        (self.jar,) = [*home.glob("quarkus-run.jar"), *home.glob("*-runner.jar")]

    def command(self) -> list[str]:
        """The registry."""
        settings = {
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{self.folder}/db",
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": str(self.port),
            "quarkus.management.host": "127.0.0.1",
            "quarkus.management.port": str(self.management),
            "quarkus.log.level": "WARN",
            "quarkus.http.access-log.enabled": "false",
            "quarkus.otel.sdk.disabled": "true",
            "java.io.tmpdir": str(self.folder),
        }
        given = [f"-D{name}={value}" for name, value in settings.items()]
        jvm = ["-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [self.java, *jvm, *given, "-jar", str(self.jar)]

    def is_ready(self) -> bool:
        """Whether it answers; then it gets the rules that Confluent's registry has by default."""
        try:
            urllib.request.urlopen(f"{self.url}/subjects", timeout=5).close()
        except OSError:
            return False
        self._ask("PUT", f"{self.url}/config", {"compatibility": "BACKWARD"})
        rules = f"http://127.0.0.1:{self.port}/apis/registry/v3/admin/rules"
        try:
            self._ask("POST", rules, {"ruleType": "VALIDITY", "config": "FULL"})
        except urllib.error.HTTPError as there:
            if there.code != 409:  # after a restart
                raise
        return True

    @property
    def url(self) -> str:
        """The address of Confluent's API."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def facts(self) -> dict[str, str]:
        """The address."""
        return {"url": self.url}

    def _ask(self, method: str, url: str, document: object) -> None:
        asked = urllib.request.Request(
            url, json.dumps(document).encode(), {"Content-Type": "application/json"}, method=method
        )
        urllib.request.urlopen(asked, timeout=10).close()


def _fetch(folder: Path) -> None:
    jars.maven("copy", folder, artifact=f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all")
    (packed,) = folder.glob("*.tar.gz")
    subprocess.run(["tar", "xzf", packed, "-C", folder], check=True)
    packed.unlink()
