"""A plan of a small project for prod, where two must agree, and the keys of four people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.approval.plan import Operation, Plan, Subject, make, write
from datakit_iac.approval.signatures import Signers, place, sign, signatures
from datakit_iac.approval.verification import CurrentState, verify
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.models.environment import Approval
from tests.approval.keys import allow, new_key

TWO = Approval(mode="multi-party")
SUBJECT = Subject(
    project="shop",
    stack="prod",
    environment="prod",
    approval=TWO,
    parts={"DataSet users": "sha256:1", "Environment prod": "sha256:2"},
    policies=("security",),
    downstream={"DataSet users": ("report", "mail")},
)
USERS = Operation(
    urn="urn:pulumi:prod::shop::datakit:index:Platform$datakit:index:DataSet::users",
    op="update",
    changes=("description",),
    inputs="sha256:3",
)
LOAD = Operation(urn="urn:pulumi:prod::shop::datakit:index:Platform$datakit:index:Run::load", op="create")
PLAN = make(SUBJECT, (USERS, LOAD), "ann@x.io")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Keys of ann, who makes plans, of ben, eve, dan, and of mal, whom nobody knows."""
    folder = tmp_path_factory.mktemp("keys")
    return {name: new_key(folder, name) for name in ("ann", "ben", "eve", "dan", "mal")}


@dataclass
class Case:
    """A plan on disk and what it is held against; each test changes one thing."""

    root: Path
    keys: Mapping[str, Path]
    plan: Plan = PLAN
    rule: Approval = TWO
    now: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.root / "plan.json"

    @property
    def signers(self) -> Signers:
        return Signers.of(self.root)

    def signed(self, who: str, *, key: str = "", digest: str = "") -> Path:
        """A signature under somebody's name, by his own key over the plan's digest unless told otherwise."""
        file = place(self.file, f"{who}@x.io")
        file.parent.mkdir(exist_ok=True)
        file.write_text(sign(digest or self.plan.digest, self.keys[key or who]))
        return file

    def by(self, author: str) -> None:
        """The same plan, made by somebody else."""
        self.plan = self.plan.model_copy(update={"author": author}).sealed_now()

    def findings(self) -> list[Finding]:
        reality = CurrentState(SUBJECT, (LOAD, USERS), self.rule, datetime.now(UTC))
        now = replace(reality, **{"operations": (USERS, LOAD), **self.now})
        return verify(self.plan, self.file, signatures(self.file), self.signers, now)

    def refusals(self) -> list[str]:
        return [f"{each.code}: {each.message}" for each in self.findings() if each.severity == "error"]

    def later(self, **span: int) -> None:
        self.now["time"] = datetime.now(UTC) + timedelta(**span)


@pytest.fixture
def case(tmp_path: Path, keys: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch) -> Case:
    """The plan, allowed signers ann, ben, eve and dan, and no signature yet."""
    monkeypatch.chdir(tmp_path)
    write(PLAN, tmp_path / "plan.json")
    allow(tmp_path, {name: key for name, key in keys.items() if name != "mal"})
    return Case(tmp_path, keys)
