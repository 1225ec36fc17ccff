"""What goes wrong with S3 ends in one clear error, and what the next update does again; on a real server."""

from __future__ import annotations

import builtins
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.s3 import opening
from datakit_iac.technologies.s3.factory import S3
from datakit_iac.technologies.technology import StoreError, StoreMissingError
from datakit_iac.testing import MARK, TechnologyKit
from tests.servers.s3 import S3Server, client
from tests.servers.server import free_port
from tests.servers.sharing import shared
from tests.technologies.kits import s3_kit
from tests.technologies.test_s3_load import Lake

Answer = TypeVar("Answer")


@pytest.fixture
def kit(tmp_path: Path) -> TechnologyKit:
    kit = s3_kit(tmp_path)
    with S3().open(kit.connection, create=True) as session:
        session.create(kit.dataset(), MARK)
    return kit


def told(connection: Connection, error: type[StoreError] = StoreError) -> str:
    """The one error of opening a Store."""
    with pytest.raises(error) as fault, S3().open(connection) as session:
        session.places("")
    assert "\n" not in str(fault.value)
    assert not [each for each in connection.secrets.values() if each.reveal() in str(fault.value)]
    return str(fault.value)


def with_(kit: TechnologyKit, secrets: dict[str, str] | None = None, **options: Any) -> Connection:
    hidden = {name: Secret(each) for name, each in (secrets or {}).items()}
    connection = kit.connection
    return replace(connection, options={**connection.options, **options}, secrets={**connection.secrets, **hidden})


def test_a_server_that_is_down_is_named(kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_ATTEMPTS", 1)
    address = f"http://127.0.0.1:{free_port()}"
    assert "cannot be reached" in told(with_(kit, endpoint=address))
    assert address in told(with_(kit, endpoint=address))


def test_a_wrong_key_is_told_from_a_wrong_secret_of_it(kit: TechnologyKit) -> None:
    assert "the access key is not known there" in told(with_(kit, {"accessKeyId": "AKWRONG"}))
    assert "the secret of the access key is wrong" in told(with_(kit, {"secretAccessKey": "planted-wrong-secret"}))


def test_no_credentials_at_all_says_where_they_could_come_from(
    kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(opening, "_CLIENTS", {})
    assert "there are no credentials for S3" in told(replace(kit.connection, secrets={}))
    assert "(nobody)" in told(with_(replace(kit, connection=replace(kit.connection, secrets={})), profile="nobody"))


def test_credentials_are_those_that_the_sdk_finds(
    kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    facts = shared(S3Server)
    profiles = tmp_path / "credentials"
    profiles.write_text(
        f"[lake]\naws_access_key_id={facts['access_key_id']}\naws_secret_access_key={facts['secret_access_key']}\n"
    )
    monkeypatch.setattr(opening, "_CLIENTS", {})
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    with S3().open(with_(replace(kit, connection=replace(kit.connection, secrets={})), profile="lake")) as session:
        assert session.describe(kit.place("users")) is not None
    monkeypatch.setattr(opening, "_CLIENTS", {})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", facts["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", facts["secret_access_key"])
    with S3().open(replace(kit.connection, secrets={})) as session:
        assert session.describe(kit.place("users")) is not None


def test_who_may_only_read_is_told_what_is_missing(kit: TechnologyKit) -> None:
    facts = shared(S3Server)
    keys = {"accessKeyId": facts["reader_access_key_id"], "secretAccessKey": facts["reader_secret_access_key"]}
    with S3().open(with_(kit, keys)) as session:
        assert session.describe(kit.place("users")) is not None
        with pytest.raises(StoreError, match="access denied; grant s3:"):
            session.create(kit.dataset("more"), MARK)
        assert session.describe(kit.place("more")) is None


def test_a_policy_that_denies_writing_changes_nothing(kit: TechnologyKit) -> None:
    bucket, service = kit.connection.options["bucket"], client(shared(S3Server))
    arn = f"arn:aws:s3:::{bucket}/*"
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": arn}
    service.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with S3().open(kit.connection) as session:
        with pytest.raises(StoreError, match=r"lake/\.datakit/users\.json: access denied; grant s3:PutObject"):
            session.alter(kit.dataset(description="Other."), (), MARK)
        live = session.describe(kit.place("users"))
    assert live is not None
    assert live.description == "All users."


def test_a_bucket_that_is_removed_is_missing_and_is_made_again(kit: TechnologyKit) -> None:
    bucket, service = kit.connection.options["bucket"], client(shared(S3Server))
    with S3().open(kit.connection) as session:
        service.delete_object(Bucket=bucket, Key="lake/.datakit/users.json")
        service.delete_bucket(Bucket=bucket)
        with pytest.raises(StoreMissingError):
            session.create(kit.dataset(), MARK)
    assert "there is no bucket" in told(kit.connection, StoreMissingError)
    with S3().open(kit.connection, create=True) as session:
        session.create(kit.dataset(), MARK)
        assert session.describe(kit.place("users")) is not None


def test_a_clock_that_is_wrong_is_told(kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    wrong = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=2)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: wrong)
    assert "the clock of this machine is wrong" in told(kit.connection)


def test_without_the_sdk_the_extra_is_named(kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def no_sdk(name: str, *more: Any) -> Any:
        if name.partition(".")[0] in ("boto3", "botocore"):
            raise ModuleNotFoundError(name=name)
        return original(name, *more)

    for name in [each for each in sys.modules if each.startswith("datakit_iac.technologies.s3.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", no_sdk)
    with (
        pytest.raises(StoreError, match=r"needs the package \w+; install datakit-iac\[s3\]"),
        S3().open(kit.connection),
    ):
        pass


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[S3Server]:
    server = S3Server(tmp_path / "server")
    server.start()
    yield server
    server.remove()


@pytest.mark.slow
def test_a_server_that_goes_down_in_the_middle_and_comes_back_keeps_what_was_there(
    own_server: S3Server, monkeypatch: pytest.MonkeyPatch, kit: TechnologyKit
) -> None:
    monkeypatch.setattr(opening, "_ATTEMPTS", 1)
    facts = own_server.facts()
    keys = {"accessKeyId": facts["access_key_id"], "secretAccessKey": facts["secret_access_key"]}
    connection = with_(kit, keys, endpoint=facts["endpoint"])
    with S3().open(connection, create=True) as session:
        session.create(kit.dataset(), MARK)
        own_server.kill()
        with pytest.raises(StoreError, match="cannot be reached"):
            session.alter(kit.dataset(description="Other."), (), MARK)
        own_server.start()
        live = _once_served(lambda: session.describe(kit.place("users")))
        assert live is not None
        assert live.description == "All users."
        session.alter(kit.dataset(description="Other."), (), MARK)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_goes_down_or_is_full_during_a_load_has_the_old_rows_and_the_next_load_has_all(
    own_server: S3Server, monkeypatch: pytest.MonkeyPatch, kit: TechnologyKit
) -> None:
    monkeypatch.setattr(opening, "_ATTEMPTS", 1)
    facts = own_server.facts()
    keys = {"accessKeyId": facts["access_key_id"], "secretAccessKey": facts["secret_access_key"]}
    lake = Lake(replace(kit, connection=with_(kit, keys, endpoint=facts["endpoint"])))
    with S3().open(lake.kit.connection, create=True) as session:
        session.create(lake.dataset, MARK)
    lake.load([(1, "x")])

    cut = lake.begun([(2, "y")], "append", "2b")
    own_server.kill()
    with pytest.raises(PluginFault, match="cannot be reached"):
        cut.commit()
    cut.abandon()
    own_server.start()
    assert _once_served(lake.rows) == [(1, "x")]

    own_server.stop()
    own_server.is_full = True
    own_server.start()
    assert _once_served(lake.rows) == [(1, "x")]
    with pytest.raises(PluginFault) as full:
        lake.load([(2, "y")], "append", "2b")
    assert "s3:PutObject failed" in str(full.value)
    assert "\n" not in str(full.value)

    own_server.stop()
    own_server.is_full = False
    own_server.start()
    assert _once_served(lake.rows) == [(1, "x")]
    lake.load([(2, "y")], "append", "2b")
    assert lake.rows() == [(1, "x"), (2, "y")]
    gc.collect()  # the driver's sockets to a server that was killed are closed here, not in another test


def _once_served(ask: Callable[[], Answer]) -> Answer:
    """What is asked, once a server that was just started serves its old objects: until then it says InternalError."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return ask()
        except (StoreError, PluginFault) as fault:
            if "InternalError" not in str(fault) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
