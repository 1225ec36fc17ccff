"""The example aws-compliance as its readers run it: `make up`, `make violations`, and what comes after."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from endpoint.seed import PRODUCTION, READER, STAGING
from endpoint.server import admin

from tests.examples.conftest import EXAMPLE
from tests.examples.proxy import Proxy
from tests.examples.rights import Denied
from tests.scenarios.workspace import Outcome, Workspace

pytestmark = pytest.mark.engine

ROOT = EXAMPLE.parents[1]
VIOLATIONS = {
    ("unencrypted-bucket", PRODUCTION, "eu-west-1", "acme-assets-2019", "not encrypted by default", None),
    ("unencrypted-bucket", STAGING, "us-east-1", "acme-staging-scratch", "not encrypted by default", None),
    ("public-bucket", PRODUCTION, "eu-west-1", "acme-assets-2019", "public by its acl", None),
    ("public-bucket", PRODUCTION, "eu-central-1", "acme-website", "public by its policy", "bob@example.com"),
    ("user-without-mfa", PRODUCTION, "global", "bob", "a password alone", "bob@example.com"),
    ("user-without-mfa", STAGING, "global", "frank", "a password alone", "frank@example.com"),
    ("old-access-key", PRODUCTION, "global", "of bob", "bob, 400 days old", "bob@example.com"),
    ("old-access-key", PRODUCTION, "global", "of dan", "dan, 120 days old", None),
    ("old-access-key", PRODUCTION, "global", "of ci-release", "ci-release, 91 days old", None),
    ("open-security-group", PRODUCTION, "eu-central-1", "bastion", "bastion is open to all: tcp 22", None),
    ("open-security-group", STAGING, "eu-central-1", "desktops", "desktops is open to all: tcp 3380-3400", None),
    ("open-security-group", STAGING, "us-east-1", "try-out", "try-out is open to all: all", None),
}
"""By what `endpoint/seed.py` made; keys and groups by the names of their users and groups."""
DOWNLOADS = ("public-bucket", PRODUCTION, "eu-central-1", "acme-downloads", "public by its policy", None)
LISTED = """
    SELECT control, account_id, region, coalesce('of ' || user_name, group_name, resource), detail, v.contact
    FROM marts.violations v
    LEFT JOIN (SELECT access_key_id AS resource, user_name FROM raw.iam_access_keys) USING (resource)
    LEFT JOIN (SELECT group_id AS resource, group_name FROM raw.ec2_security_groups) USING (resource)
"""
WAREHOUSE = ".datakit/dev/warehouse.duckdb"
ALL_RUNS = {f"Run {name}": "update" for name in ("inventory", "staging", "marts")}


class Copy(Workspace):
    """The example in a folder of its own, set up by its own `make`."""

    def __init__(self, root: Path, proxy: Proxy) -> None:
        ignored = shutil.ignore_patterns(".venv", ".datakit", ".datakit-state", "__pycache__", "Pulumi.dev.yaml")
        shutil.copytree(EXAMPLE, root, ignore=ignored)
        super().__init__(root, made=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            proxy.target = free.getsockname()[1]
        self.replace("environments/dev.yaml", "127.0.0.1:5566", f"127.0.0.1:{proxy.port}")
        self.port = proxy.target

    def make(self, *targets: str) -> str:
        words = ["make", "--no-print-directory", f"ROOT={ROOT}", f"PORT={self.port}", *targets]
        done = subprocess.run(
            words, cwd=self.root, env=self.env, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, *arguments: str, timeout: float = 600) -> Outcome:
        done = subprocess.run(
            [self.root / ".venv/bin/pulumi", *arguments, "--non-interactive"],
            cwd=self.root, env=self.env, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout + done.stderr)

    @property
    def endpoint(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.root / ".datakit/endpoint.json").read_text())
        return read

    def violations(self) -> set[tuple[Any, ...]]:
        rows = self.rows(LISTED, WAREHOUSE)
        assert len({*rows}) == len(rows)
        return {*rows}


@pytest.fixture
def example(tmp_path: Path) -> Iterator[tuple[Copy, Proxy]]:
    _leave_midnight_behind()
    with Proxy().listening() as proxy:
        copy = Copy(tmp_path / "example", proxy)
        try:
            yield copy, proxy
        finally:
            if (copy.root / ".venv").exists():
                copy.make("stop")


def test_what_does_not_comply_is_told_and_kept_up_to_date(example: tuple[Copy, Proxy]) -> None:
    copy, proxy = example
    proxy.every = 25  # AWS throttles from the beginning
    said = copy.make("up")
    assert "buckets 8, users 35, access-keys 34, security-groups 23, ingress-rules 20" in said
    assert min(proxy.refused[service] for service in ("s3", "iam", "ec2")) >= 1
    proxy.every = 0
    assert copy.violations() == VIOLATIONS
    assert all(detail in copy.make("violations") for *_, detail, _ in VIOLATIONS)
    assert copy.rows("SELECT DISTINCT observed_on FROM raw.iam_access_keys", WAREHOUSE) == [(_today(),)]

    assert copy.up().ok().operations == {}

    assert "acme-downloads has a public policy" in copy.make("change")
    assert "cloud-buckets changed" in copy.preview().ok().text

    # What is denied is not an empty table.
    before = copy.rows("SELECT * EXCLUDE (_cq_sync_time) FROM raw.iam_users ORDER BY ALL", WAREHOUSE)
    with Denied(copy.endpoint, STAGING, "iam:ListMFADevices"):
        text = copy.up("--skip-preview").failed().text
    denied = f"account {STAGING}, region eu-central-1: iam:ListMFADevices: AccessDenied"
    assert f"error: source cloud-users: iam_users: {denied}" in text
    assert copy.rows("SELECT * EXCLUDE (_cq_sync_time) FROM raw.iam_users ORDER BY ALL", WAREHOUSE) == before
    assert copy.violations() == VIOLATIONS

    # Nobody says any more who signs in: the SDK finds it in the environment, in the plugin as in the provider.
    copy.replace(
        "environments/dev.yaml",
        '    secrets: {accessKeyId: "${INVENTORY_ACCESS_KEY_ID}", secretAccessKey: "${INVENTORY_SECRET_ACCESS_KEY}"}\n',
        "",
    )
    key = copy.endpoint["keys"][READER]
    copy.env |= {"AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret"], "HOME": str(copy.root)}
    admin(copy.endpoint, STAGING, "iam", "us-east-1").delete_login_profile(UserName="frank")
    assert copy.up("--skip-preview").ok().operations == {"Store cloud": "update", **ALL_RUNS}
    frank = ("user-without-mfa", STAGING, "global", "frank", "a password alone", "frank@example.com")
    assert copy.violations() == {*VIOLATIONS, DOWNLOADS} - {frank}
    assert [file for file in copy.root.rglob("*") if _holds(file, key["secret"])] == [
        copy.root / ".datakit" / name for name in ("endpoint.json", "secrets.env")
    ]


def _holds(file: Path, secret: str) -> bool:
    return file.is_file() and not file.is_symlink() and secret.encode() in file.read_bytes()


def _today() -> date:
    return datetime.now(UTC).date()


def _leave_midnight_behind() -> None:
    """Ages count in days: a story that goes on past midnight would be another one."""
    now = datetime.now(UTC)
    left = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC) - now
    if left < timedelta(minutes=10):
        time.sleep(left.total_seconds() + 1)
