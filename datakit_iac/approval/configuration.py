"""The configuration of an update, passed to the preview that the update is compared with.

`pulumi up --config-file` is an option of the engine that no program sees; the values are what it does see. They go
into a file of their own, for its user alone: those in clear as they are, secrets encrypted by the engine itself, which
reads each from its standard input, so that none shows in a list of processes or is in clear in a file.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit_iac.approval.plan import digest

_VARIABLES: Final = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true"}
"""A file without a secrets provider takes that of the stack's state."""


class ConfigurationError(Exception):
    """A configuration cannot be passed on; the text is what the engine said."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a program is configured with.

    Attributes:
        values: each value in clear, by its full key.
        secrets: the keys of those that are secret.
    """

    values: Mapping[str, str]
    secrets: frozenset[str]

    @property
    def digest(self) -> str:
        """A digest of it, to tell it from another one; it is kept nowhere."""
        return digest([dict(self.values), sorted(self.secrets)])

    @contextmanager
    def written(self, engine: Path, folder: Path, stack: str) -> Iterator[Path]:
        """A file that `--config-file` takes, gone afterwards.

        Args:
            engine: the `pulumi` that encrypts.
            folder: the Pulumi project's.
            stack: the stack's name, whose secrets provider is used.

        Raises:
            ConfigurationError: a secret cannot be encrypted.
        """
        with tempfile.TemporaryDirectory(prefix="datakit-configuration-") as private:
            file = Path(private, "stack.yaml")
            clear = {key: value for key, value in self.values.items() if key not in self.secrets}
            file.touch(mode=0o600)
            file.write_text(json.dumps({"config": clear}, ensure_ascii=False), encoding="utf-8")
            for key in sorted(self.secrets):
                _keep_secret(engine, folder, stack, file, key, self.values[key])
            yield file


def _keep_secret(engine: Path, folder: Path, stack: str, file: Path, key: str, value: str) -> None:
    command = [
        str(engine),
        "config",
        "set",
        "--secret",
        "--raw",
        "--config-file",
        str(file),
        "--stack",
        stack,
        "--non-interactive",
        key,
    ]
    variables = {**os.environ, **_VARIABLES}
    ended = subprocess.run(command, cwd=folder, env=variables, input=value, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = ended.stdout + ended.stderr
        raise ConfigurationError(f"the secret {key} could not be passed on: {_hidden(said, value)}")


def _hidden(said: str, secret: str) -> str:
    """What was said, without each line of a secret."""
    for line in filter(None, map(str.strip, secret.splitlines())):
        said = said.replace(line, "…")
    return said.strip()
