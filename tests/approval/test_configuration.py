"""A configuration is passed on as it is, and what is secret stays so."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import set_all_config

from datakit_iac.approval.configuration import Configuration, ConfigurationError
from datakit_iac.pulumi_compat import configuration

OWN = Configuration({"shop:path": "far.duckdb", "shop:token": "planted\n"}, frozenset({"shop:token"}))
ENGINE = """\
#!/bin/sh
printf '%s\\n' "$@" > arguments
cat > input
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    file = tmp_path / "pulumi"
    file.write_text(ENGINE)
    file.chmod(0o755)
    return file


def test_secrets_are_given_to_the_engine_alone(engine: Path, tmp_path: Path) -> None:
    with OWN.written(engine, tmp_path, "prod") as file:
        assert json.loads(file.read_text()) == {"config": {"shop:path": "far.duckdb"}}
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        said = (tmp_path / "arguments").read_text()
        assert "planted" not in said
        assert said.split()[:4] == ["config", "set", "--secret", "--raw"]
    assert (tmp_path / "input").read_text() == "planted\n"
    assert not file.parent.exists()


def test_an_engine_that_takes_none_is_told_and_the_secret_is_not(engine: Path, tmp_path: Path) -> None:
    engine.write_text("#!/bin/sh\necho no $(cat) >&2\nexit 1\n")
    told = pytest.raises(ConfigurationError, match="the secret shop:token could not be passed on: no")
    with told as failed, OWN.written(engine, tmp_path, "prod"):
        pass
    assert "planted" not in str(failed.value)


def test_another_value_and_another_secrecy_are_another_configuration() -> None:
    others = [Configuration({}, frozenset()), Configuration(OWN.values, frozenset())]
    assert len({each.digest for each in (OWN, *others)}) == 3


def test_a_program_knows_its_own() -> None:
    set_all_config(dict(OWN.values), list(OWN.secrets))
    try:
        assert pulumi.Config("shop").get("path") == "far.duckdb"
        assert Configuration(*configuration()) == OWN
    finally:
        set_all_config({}, [])
