"""The table of cases: small projects, and what is found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from datakit_iac.checks.validate import validate
from datakit_iac.environment import lockfile
from datakit_iac.environment.resolve import resolve
from datakit_iac.manifest.loading.loader import read
from datakit_iac.manifest.models.document import API_VERSION

TODAY = date(2026, 6, 1)
_KINDS = {
    each.lower(): each
    for each in ("Connector", "Store", "DataSet", "DataSetGroup", "Transform", "Environment", "Policy")
}


@dataclass(frozen=True)
class Case:
    """A project, an environment, and the findings expected as `severity code target`."""

    name: str
    environment: str
    specs: Mapping[str, Any]
    files: Mapping[str, str]
    expected: frozenset[str]

    def write(self, root: Path) -> Path:
        """Write the project, a file for each manifest."""
        for key, spec in self.specs.items():
            kind, name = key.split("/")
            document = {"apiVersion": API_VERSION, "kind": _KINDS[kind], "metadata": {"name": name}, "spec": spec}
            _write(root / f"{key}.yaml", yaml.dump(document, sort_keys=False))
        for path, text in self.files.items():
            _write(root / path, text)
        return root

    def found(self, root: Path) -> frozenset[str]:
        """The findings there are, those of reading among them."""
        project, findings = read(self.write(root))
        here = project.environments.get(self.environment)
        if here and here.spec.versions == "exact":  # what else is wrong is the case's
            lockfile.write(root, {here.name: lockfile.entry(resolve(project, here.name, {}))})
        checked = validate(project, self.environment, {}, TODAY)[1]
        return frozenset(f"{each.severity} {each.code} {_target(each.file)}" for each in (*findings, *checked))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(text)


def _target(file: str) -> str:
    return "/".join(Path(file).with_suffix("").parts[-2:])


def _laid_over(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}
    return {key: value for key, value in merged.items() if value is not None}


@cache
def cases() -> tuple[Case, ...]:
    """All of them."""
    table = yaml.load((Path(__file__).with_name("cases.yaml")).read_text(), Loader=yaml.CSafeLoader)
    return tuple(
        Case(
            each["case"],
            each.get("in", "dev"),
            _laid_over(table["project"], each.get("with", {})),
            {**table["files"], **each.get("files", {})},
            frozenset(each["expect"]),
        )
        for each in table["cases"]
    )
