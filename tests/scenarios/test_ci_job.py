"""The CI jobs of README and docs, run as they are written, on a clone of a project that `dk init` began."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from datakit_iac.toolchain.setup import stamp
from tests.scenarios.workspace import BIN

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


def jobs() -> Iterator[Any]:
    for page in PAGES:
        for block in re.findall(
            r"^```yaml\n(jobs:.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            for name, job in yaml.safe_load(block)["jobs"].items():
                yield pytest.param(job, id=f"{page.stem}-{name}")


class Runner:
    """A machine that is as GitHub's are: nothing but what the steps bring."""

    def __init__(self, folder: Path, project: Path, given: Mapping[str, str]) -> None:
        self._project, self._given, self._path, self.checkout = project, given, folder / "path", folder / "checkout"
        self._tools = folder / "tools"
        self._tools.mkdir()
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "DATAKIT_"))},
            "GITHUB_PATH": str(self._path),
            "PULUMI_HOME": str(folder / "pulumi"),
            "PIP_FIND_LINKS": str(folder / "wheels"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COMPILE": "0",  # pip's way to say yes to it: what is imported is compiled then
        }

    def run(self, job: Any) -> str:
        """Run the steps, and return what they print."""
        env = {name: re.sub(r"\$\{\{ *(?:secrets|vars)\.(\w+) *\}\}", self._value, value)
               for name, value in job.get("env", {}).items()}  # fmt: skip
        return "".join(self._step(step, self._env | env) for step in job["steps"])

    def _value(self, found: re.Match[str]) -> str:
        return self._given[found[1]]

    def _step(self, step: Any, env: Mapping[str, str]) -> str:
        match step.get("uses", "").partition("@")[0]:
            case "actions/checkout":
                return called(["git", "clone", "-q", self._project, self.checkout], self._project, env)
            case "actions/setup-python":
                assert sys.version.startswith(step["with"]["python-version"] + ".")
                (self._tools / "python").symlink_to(os.path.realpath(sys.executable))
                return ""
            case "pulumi/actions":
                known = stamp.current(ROOT, ROOT / ".venv", os.environ)
                assert known
                (self._tools / "pulumi").symlink_to(known.engine)
                return ""
        added = self._path.read_text().split() if self._path.exists() else []
        path = os.pathsep.join([*reversed(added), str(self._tools), "/usr/local/bin", "/usr/bin", "/bin"])
        return called(["bash", "-e", "-c", step["run"]], self.checkout, {**env, "PATH": path})


def called(words: list[str | Path], folder: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("job", list(jobs()))
def test_a_job_runs_as_it_is_written(tmp_path: Path, job: Any) -> None:
    author = {f"GIT_{role}_{what}": "ann@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **author}
    called([BIN / "dk", "init", "shop"], tmp_path, env)
    shop = tmp_path / "shop"
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Begin"]):
        called(["git", *words], shop, env)
    build: list[str | Path] = ["-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "wheels"]
    called([BIN / "python", *build], ROOT, env)
    (tmp_path / "state").mkdir()
    given = {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}", "PULUMI_CONFIG_PASSPHRASE": "of the test"}
    runner = Runner(tmp_path, shop, given)
    said = runner.run(job)
    assert "nothing is wrong" in said
    assert "datakit@" in said, "the policy pack"
    assert "to create" in said


def test_there_is_a_job() -> None:
    assert list(jobs())
