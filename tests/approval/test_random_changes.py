"""Whatever byte or variable changes after an approval: the plan is stale, or what would run is the same.

What would run is described by its input: the jobs as resolved, the overlays that dbt gets with the content of each
file, and the environment of the processes. The data of the inputs is left out: that a Run happens is approved, not each
version of what it reads. That the machine's own variables reach no template is shown with the real dbt, in
`runtimes/dbt/test_engine.py`.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.approval.plan import Subject
from datakit_iac.approval.plan_subject import subject
from datakit_iac.checks.validate import validate
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.executors.variables import FIXED, MACHINE, of_job
from datakit_iac.findings.finding import InvalidProjectError
from datakit_iac.manifest.loading.loader import load
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.runtimes.dbt import workspace
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from tests.approval.test_plan_subject import PROD
from tests.scenarios.pipeline import FILES

STEPS = int(os.environ.get("DATAKIT_APPROVAL_STEPS", "150"))
SEED = int(os.environ.get("DATAKIT_APPROVAL_SEED", "0"))

ENV = '  env: [{name: REGION, value: "${REGION}"}, {name: URL, value: "https://${HOST}/v1"}]\n'
MORE = {
    "models/models/staging/odd.SQL": "select * from {{ ref('paid') }} where '{{ env_var(\"REGION\") }}' > ''\n",
    "models/models/staging/odd.yml": "models:\n  - name: paid\n    meta: {factor: 2}\n    description: Paid.\n",
    "models/models/staging/score.py": "import scores\n\ndef model(dbt, db):\n    return scores.of(dbt.ref('paid'))\n",
    "models/scores.py": "def of(frame):\n    return frame\n",
    "models/macros/factor.sql": "{% macro factor() %}{{ model.meta.factor }}{% endmacro %}\n",
    "models/macros/properties.yml": "macros: [{name: factor, description: How much.}]\n",
    "models/analyses/look.sql": "select * from read_csv('data/rates.csv')\n",
    "models/data/rates.csv": "rate\n1\n",
    "models/dbt_packages/local/dbt_project.yml": "name: local\nversion: '1.0'\n",
    "models/dbt_packages/local/macros/m.sql": "{% macro m() %}1{% endmacro %}\n",
    "models/packages.yml": "packages: [{local: ../shared}]\n",
    "models/README.md": "What this is.\n",
    "shared/dbt_project.yml": "name: shared\nversion: '1.0'\n",
    "shared/macros/s.sql": "{% macro s() %}1{% endmacro %}\n",
    "notes/today.txt": "Nothing that runs.\n",
}
DATA = ("inbox/",)
NAMES = ("REGION", "HOST", "TZ", "HOME", "PATH", "DBT_EMPTY", "DBT_ENV_SECRET_X", "PYTHONPATH", "LC_ALL", "LD_PRELOAD")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pipeline of the scenarios with prod, variables, a linked package and all that a dbt project may have."""
    folder = tmp_path / "project"
    for path, text in {**FILES, **MORE}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "platform.yaml").write_text(FILES["platform.yaml"] + PROD)
    transforms = FILES["transforms.yaml"]
    for select in ("staging", "marts"):
        section = f"  dbt: {{project: models, select: [{select}]}}\n"
        transforms = transforms.replace(section, section + ENV)
    (folder / "transforms.yaml").write_text(transforms)
    (folder / "models/dbt_packages/shared").symlink_to(folder / "shared")
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("REGION", "eu")
    monkeypatch.setenv("HOST", "example.com")
    monkeypatch.chdir(folder)
    return folder


def examined(root: Path) -> tuple[ResolvedProject, Subject] | None:
    """The project and what a plan of it says; None where it has errors, which refuses the update."""
    try:
        resolved, findings = validate(load(root), "prod", os.environ)
    except InvalidProjectError:
        return None
    if any(finding.severity == "error" for finding in findings):
        return None
    return resolved, subject(resolved, findings, project="shop", stack="prod", folder=root, packed=False)


def effect(resolved: ResolvedProject, folder: Path) -> Any:
    """All that the Runs of a project would be given."""
    shutil.rmtree(folder, ignore_errors=True)
    runs = []
    for name, each in resolved.transforms.items():
        job = each.job
        declared = {key: revealed(value) for key, value in job.variables.items()}
        process = of_job(os.environ, declared)
        given: Mapping[str, bytes] = {}
        if job.runtime == "dbt":
            project = DbtProject(Path(job.settings["project"]))
            workspace.build(project, folder / name, workspace.sources(project, job.inputs))
            given = {str(path): path.read_bytes() for path in sorted((folder / name).rglob("*")) if path.is_file()}
        seen = {key: value for key, value in process.items() if key not in MACHINE}
        runs.append((told(dataclasses.asdict(job)), given, seen))
    stores = [(each.connection.technology, dict(each.connection.options)) for each in resolved.stores.values()]
    datasets = [each.manifest.model_dump(mode="json") for each in resolved.datasets.values()]
    return runs, stores, datasets, resolved.environment.model_dump(mode="json")


def told(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: told(each) for key, each in value.items()}
    return [told(each) for each in value] if isinstance(value, (list, tuple)) else value


def changes(root: Path, chance: random.Random) -> tuple[str, Callable[[], None], Callable[[], None]]:
    """A random change: what it is, doing it, undoing it."""
    if chance.random() < 0.2:
        name = chance.choice((*NAMES, f"RANDOM_{chance.randrange(10**6)}"))
        before, value = os.environ.get(name), chance.choice(("true", "us", "", "/tmp/x", "UTC"))

        def undo() -> None:
            os.environ.pop(name) if before is None else os.environ.update({name: before})

        return f"{name}={value}", lambda: os.environ.update({name: value}), undo
    files = [file for file in sorted(root.rglob("*")) if file.is_file() and not _is_data(root, file)]
    file = chance.choice(files)
    content = file.read_bytes()
    kind = chance.choice(("flip", "flip", "flip", "insert", "remove", "delete", "new", "link"))
    place = chance.randrange(max(len(content), 1))
    shown = f"{kind} {file.relative_to(root)} at {place}"
    if kind == "flip":
        new = content[:place] + bytes([content[place] ^ (1 << chance.randrange(7))]) + content[place + 1 :]
        return shown, lambda: _write(file, new), lambda: _write(file, content)
    if kind == "insert":
        new = content[:place] + bytes([chance.randrange(32, 127)]) + content[place:]
        return shown, lambda: _write(file, new), lambda: _write(file, content)
    if kind == "remove":
        return shown, lambda: _write(file, content[:place] + content[place + 1 :]), lambda: _write(file, content)
    if kind == "delete":
        return shown, file.unlink, lambda: _write(file, content)
    fresh = file.parent / f"new_{chance.randrange(10**6)}{chance.choice(('.sql', '.yml', '.py', '.csv', '.SQL', ''))}"
    if kind == "new":
        return f"new {fresh.relative_to(root)}", lambda: _write(fresh, content), fresh.unlink
    return f"link {fresh.relative_to(root)}", lambda: fresh.symlink_to(file), fresh.unlink


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _is_data(root: Path, file: Path) -> bool:
    return file.relative_to(root).as_posix().startswith(DATA)


def test_any_change_after_the_approval_is_refused_or_changes_nothing(root: Path, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    resolved, approved = _sound(examined(root))
    before = effect(resolved, tmp_path / "overlays")
    assert FIXED.items() <= before[0][0][2].items()
    refused = 0
    for step in range(STEPS):
        shown, do, undo = changes(root, chance)
        do()
        try:
            now = examined(root)
            if now is None or now[1] != approved:
                refused += 1
            else:
                assert effect(now[0], tmp_path / "overlays") == before, f"step {step}: {shown} is let in"
        finally:
            undo()
    assert _sound(examined(root))[1] == approved
    assert STEPS / 4 < refused < STEPS, "some changes must be refused, and some must be let in, or nothing is shown"


def _sound(found: tuple[ResolvedProject, Subject] | None) -> tuple[ResolvedProject, Subject]:
    assert found is not None, "the project is sound as it is written"
    return found
