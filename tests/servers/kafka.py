"""A real Apache Kafka, broker and controller in one process (KRaft), from the jars that Maven serves."""

from __future__ import annotations

import base64
import secrets
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from tests.servers import jars, tokens
from tests.servers.authority import Authority
from tests.servers.server import Server, free_port

VERSION: Final = "4.4.0"
_JAVA: Final = 17
_POM: Final = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>"""
_SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INSIDE",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A broker that was killed is not waited for.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "4",
    # By default it is 128 MB, which the small heap of a test does not have.
    "log.cleaner.dedupe.buffer.size": "16777216",
}
_JVM: Final = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Xlog:disable")


class Kafka(Server):
    """Kafka on 127.0.0.1 without TLS or users; topics are never made by themselves."""

    name = "Kafka"
    grace: ClassVar[float] = 30.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self.inside, self.controller = (free_port() for _ in range(3))
        self.cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")

    def prepare(self) -> None:
        """Fetch the jars, once for all test runs, and format the data folder, once."""
        self.java, self.jars = jars.java(_JAVA), jars.kept(f"kafka-{VERSION}", _fetch)
        if (self.folder / "data").exists():
            return
        self.folder.joinpath("server.properties").write_text(
            "".join(f"{name}={value}\n" for name, value in self.settings().items())
        )
        formatting = [
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={self.cluster}",
            "-c",
            "server.properties",
            *self.users(),
        ]
        command = [self.java, *_JVM, "-XX:TieredStopAtLevel=1", "-cp", f"{self.jars}/*", *formatting]
        made = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"the format tool failed: {made.stdout[-1000:]}{made.stderr[-1000:]}")

    def settings(self) -> Mapping[str, str]:
        """The lines of `server.properties`."""
        ports = {"CLIENT": self.port, "INSIDE": self.inside}
        listeners = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
        return {
            **_SETTINGS,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller}",
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{self.controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
        }

    def users(self) -> list[str]:
        """Arguments of the format tool that make users."""
        return []

    def command(self) -> list[str]:
        """The broker."""
        log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [self.java, *_JVM, log, "-cp", f"{self.jars}/*", "kafka.Kafka", "server.properties"]

    def is_ready(self) -> bool:
        """Whether it listens, which it does only once it is ready."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def facts(self) -> dict[str, str]:
        """The address."""
        return {"brokers": f"127.0.0.1:{self.port}"}


class SecureKafka(Kafka):
    """Kafka by SASL_SSL: users by SCRAM, a certificate of an authority of its own, and access only by ACLs.

    The user `admin` may do everything, `test` what ACLs allow. Another listener takes clients with a certificate, of
    which that of `ann` may do everything, and one those with a token, of which that of `service` may.
    """

    name = "Kafka with TLS and users"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.passwords = {user: secrets.token_hex(16) for user in ("admin", "test")}
        self.authority, self.mutual, self.tokens = Authority(folder), free_port(), free_port()
        self.token_key, self.token_keys = tokens.key_pair(folder)

    def command(self) -> list[str]:
        """The broker, which may read the key of tokens."""
        java, *more = super().command()
        return [java, f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.token_keys.as_uri()}", *more]

    def settings(self) -> Mapping[str, str]:
        """The same, with TLS and SCRAM on the listener of clients."""
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        mechanisms = ("SCRAM-SHA-512", "SCRAM-SHA-256")
        plain, more = super().settings(), f",MUTUAL://127.0.0.1:{self.mutual},TOKENS://127.0.0.1:{self.tokens}"
        keys = str(self.authority.certify("127.0.0.1"))
        oauth, package = "listener.name.tokens.oauthbearer.sasl", "org.apache.kafka.common.security.oauthbearer"
        return {
            **plain,
            "listeners": plain["listeners"] + more,
            "advertised.listeners": plain["advertised.listeners"] + more,
            "listener.security.protocol.map": "CLIENT:SASL_SSL,MUTUAL:SSL,TOKENS:SASL_SSL,INSIDE:PLAINTEXT,"
            "CONTROLLER:PLAINTEXT",
            "listener.name.tokens.sasl.enabled.mechanisms": "OAUTHBEARER",
            f"{oauth}.jaas.config": f"{package}.OAuthBearerLoginModule required;",
            f"{oauth}.server.callback.handler.class": f"{package}.OAuthBearerValidatorCallbackHandler",
            f"{oauth}.oauthbearer.jwks.endpoint.url": self.token_keys.as_uri(),
            f"{oauth}.oauthbearer.expected.issuer": tokens.ISSUER,
            f"{oauth}.oauthbearer.expected.audience": tokens.AUDIENCE,
            "listener.name.tokens.ssl.keystore.type": "PEM",
            "listener.name.tokens.ssl.keystore.location": keys,
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.mutual.ssl.keystore.type": "PEM",
            "listener.name.mutual.ssl.keystore.location": keys,
            "listener.name.mutual.ssl.truststore.type": "PEM",
            "listener.name.mutual.ssl.truststore.location": str(self.authority.file),
            "sasl.enabled.mechanisms": ",".join(mechanisms),
            **{f"listener.name.client.{each.lower()}.sasl.jaas.config": login for each in mechanisms},
            "listener.name.client.ssl.keystore.type": "PEM",
            "listener.name.client.ssl.keystore.location": keys,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:admin;User:ANONYMOUS;User:CN=ann;User:service",
        }

    def users(self) -> list[str]:
        """Both, by either mechanism."""
        return [
            part
            for user, password in self.passwords.items()
            for kind in ("SHA-512", "SHA-256")
            for part in ("--add-scram", f"SCRAM-{kind}=[name={user},password={password}]")
        ]

    def facts(self) -> dict[str, str]:
        """The address, the file with the authority, the passwords, and an address for which none is needed."""
        said = {"ca": str(self.authority.file), "inside": f"127.0.0.1:{self.inside}"}
        certificate, key = self.authority.introduce("ann", self.passwords["admin"])
        said |= {"mutual": f"127.0.0.1:{self.mutual}", "certificate": str(certificate), "key": str(key)}
        said |= {"tokens": f"127.0.0.1:{self.tokens}", "token_key": str(self.token_key)}
        return {**super().facts(), **said, **self.passwords}


def _fetch(folder: Path) -> None:
    (folder / "pom.xml").write_text(_POM)
    jars.maven("copy-dependencies", folder, includeScope="runtime")
