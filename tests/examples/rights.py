"""What the reader of the accounts may do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from endpoint.seed import READER
from endpoint.server import admin


class Denied:
    """The rights of the reader in an account, less some actions while the block lasts."""

    def __init__(self, endpoint: Mapping[str, Any], account: str, *actions: str) -> None:
        self._iam = admin(dict(endpoint), account, "iam", "us-east-1")
        self._policy = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": actions, "Resource": "*"}]}
        )

    def __enter__(self) -> None:
        self._iam.put_role_policy(RoleName=READER, PolicyName="denied", PolicyDocument=self._policy)

    def __exit__(self, *_: object) -> None:
        self._iam.delete_role_policy(RoleName=READER, PolicyName="denied")
