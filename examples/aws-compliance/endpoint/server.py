"""The server: moto, seeded, which from then on checks signatures and IAM policies as AWS does."""

from __future__ import annotations

import json
import logging
import threading
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.moto_api._internal import mock_random
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from endpoint.pages import turn_pages
from endpoint.seed import ADMIN, seed


def serve(port: int, file: Path) -> None:
    """Serve until the process ends; once it answers, `file` has its address and the keys to sign in with."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    mock_random.seed(7)  # the same names and keys after each start
    keys = seed(lambda account, service, region: anybody(address, account, service, region))
    turn_pages()
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    ActionAuthenticatorMixin.request_count = 0
    fresh = file.with_name(file.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"address": address, "keys": keys}))
    fresh.replace(file)
    threading.Event().wait()


@cache
def anybody(address: str, account: str, service: str, region: str) -> Any:
    """A client of an account, as long as nobody's rights are checked."""
    role = f"arn:aws:iam::{account}:role/seed"
    return _assumed(address, {"id": "seed", "secret": "seed"}, role, service, region)


def admin(endpoint: dict[str, Any], account: str, service: str, region: str) -> Any:
    """A client of an account who may do everything, by what `serve` wrote."""
    role = f"arn:aws:iam::{account}:role/{ADMIN}"
    return _assumed(endpoint["address"], endpoint["keys"][ADMIN], role, service, region)


def _assumed(address: str, key: dict[str, str], role: str, service: str, region: str) -> Any:
    signed = {"aws_access_key_id": key["id"], "aws_secret_access_key": key["secret"]}
    sts = boto3.client("sts", region_name="us-east-1", endpoint_url=address, **signed)
    got = sts.assume_role(RoleArn=role, RoleSessionName="endpoint")["Credentials"]
    return boto3.client(
        service, region_name=region, endpoint_url=address, aws_access_key_id=got["AccessKeyId"],
        aws_secret_access_key=got["SecretAccessKey"], aws_session_token=got["SessionToken"],
    )  # fmt: skip
