"""A project's manifests, wherever they are below its folder: read, known by `apiVersion` and `kind`, and checked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.findings.location import Position
from datakit_iac.findings.nearest import nearest
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest import wording
from datakit_iac.manifest.loading import discovery, duplicates, faults, yaml_reader
from datakit_iac.manifest.loading.validation import without_unknown_fields
from datakit_iac.manifest.models.connector import editions
from datakit_iac.manifest.models.document import API_VERSION
from datakit_iac.manifest.models.kinds import KINDS, model_of
from datakit_iac.manifest.project import Project

if TYPE_CHECKING:
    from datakit_iac.manifest.models.connector import Connector
    from datakit_iac.manifest.models.document import Manifest

_COLLECTIONS: Final = {
    "Connector": "connectors",
    "Store": "stores",
    "DataSet": "datasets",
    "DataSetGroup": "groups",
    "Transform": "transforms",
    "Environment": "environments",
    "Policy": "policies",
}
_NAMED_LIKE: Final = {"DataSetGroup": "DataSet"}
"""Kinds that share their names: a port names a DataSet or a DataSetGroup."""
Declared = tuple[Origin, Mapping[str, Any]]
"""A document that is in no file of manifests, and where it is declared."""


def load(root: Path, further: Iterable[Declared] = ()) -> Project:
    """The project below a folder.

    Args:
        root: the folder.
        further: documents that a program adds to it.

    Raises:
        InvalidProjectError: files cannot be read or manifests are wrong; all of that at once.
    """
    project, findings = read(root, further=further)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidProjectError(findings)
    return project


def read(root: Path, *, named: Path | None = None, further: Iterable[Declared] = ()) -> tuple[Project, list[Finding]]:
    """The manifests below a folder that are right, and the faults of those that are not.

    Fields that are not known are warnings; the manifest is read without them.

    Args:
        root: the folder.
        named: a file that is read as one of manifests, whatever its content.
        further: documents that a program adds to it.
    """
    if not root.is_dir():
        message = f"there is no project folder {root}; expected one that holds manifests"
        return Project(root), [Finding(code="no-project", message=message, at=Position(str(root)))]
    reading = _Reading(root, os.fspath(named or ""))
    reading.run(further)
    return reading.project(), reading.findings


class _Reading:
    """One reading of a project: what it has found so far.

    Attributes:
        findings: the faults of files and manifests, in the order in which they were met.
    """

    def __init__(self, root: Path, named: str = "") -> None:
        self.root, self._folder, self._named_file = root, os.fspath(root), named
        self.findings: list[Finding] = []
        self._collected: dict[str, dict[str, Manifest]] = {kind: {} for kind in _COLLECTIONS}
        self._origins: dict[tuple[str, str], Origin] = {}
        self._named: dict[tuple[str, str], Origin] = {}
        self._repeated: dict[tuple[str, str], list[tuple[Origin, list[str]]]] = {}
        self._broken: set[tuple[str, str]] = set()
        self._slips: list[Finding] = []

    def run(self, further: Iterable[Declared] = ()) -> None:
        """Take in every file and what else is given, then look at all that was found together."""
        unreadable, modules = list[OSError](), list[str]()
        for file in discovery.yaml_files(self._folder, unreadable, modules):
            for index, document in enumerate(self._documents(file)):
                if isinstance(document, Mapping):
                    self._take(Origin(file, index), document)
        for file in modules:
            self._take_module(file)
        for origin, document in further:
            self._take(origin, document)
        self.findings += (faults.unreadable(str(fault.filename), fault) for fault in unreadable)
        if not self._origins and not self.findings:
            message = f"no manifest of {API_VERSION} is below {self.root}"
            hint = "`dk init` begins a project; or write a Connector first"
            self.findings.append(Finding(code="empty-project", message=message, at=Position(str(self.root)), hint=hint))
        for (kind, name), others in self._repeated.items():
            self.findings.append(duplicates.duplicate(self._collected[kind][name], self._origins[kind, name], others))
        for each in (each for several in self._catalog().values() if several[1:] for each in several):
            if not each.version:
                self.findings.append(duplicates.without_version(self._origins[each.kind, each.identity], each))

    def project(self) -> Project:
        """What was right, by kind and name."""
        ordered = {_COLLECTIONS[kind]: dict(sorted(found.items())) for kind, found in self._collected.items()}
        catalog = self._catalog()
        ordered["connectors"] = {name: several[0] for name, several in catalog.items()}
        return Project(
            root=self.root,
            older={name: several[1:] for name, several in catalog.items() if several[1:]},
            origins=self._origins,
            broken=frozenset(self._broken),
            warnings=tuple(found for found in self.findings if found.severity == "warning"),
            slips=tuple(self._slips),
            **ordered,  # type: ignore[arg-type]  # by name, one kind each
        )

    def _catalog(self) -> dict[str, tuple[Connector, ...]]:
        return editions(cast("dict[str, Connector]", self._collected["Connector"]).values())

    def _documents(self, file: str) -> list[Any]:
        """The documents of a file; what is not ours is left alone, broken or not."""
        content = b""
        try:
            content = discovery.content_of(file)
            if file == self._named_file or discovery.is_ours(file, content, self._folder):
                return yaml_reader.documents(content)
        except (OSError, UnicodeDecodeError) as fault:
            self.findings.append(faults.unreadable(file, fault))
            self._broken |= faults.names_in(content)
        except yaml_reader.BrokenYamlError as fault:
            is_meant = file == self._named_file or discovery.is_marked(content)
            self.findings.append(faults.broken(file, fault, "error" if is_meant else "warning"))
            self._broken |= faults.names_in(content)
        return []

    def _take_module(self, file: str) -> None:
        """Take in what a Python module declares; one that imports nothing of ours is left alone."""
        try:
            content = discovery.content_of(file)
        except OSError as fault:
            self.findings.append(faults.unreadable(file, fault))
            return
        if discovery.may_declare(content):
            from datakit_iac.manifest.loading import modules  # late: most projects have no functions

            found = modules.read(Path(file), content, self.root)
            self.findings += found.findings
            self._broken |= found.broken
            for origin, document in found.documents:
                self._take(origin, document)

    def _take(self, origin: Origin, document: Mapping[str, Any]) -> None:
        version = document.get("apiVersion")
        if version != API_VERSION:
            if fault := faults.foreign(origin, document, version):
                self._fault(document, fault)
            return
        manifest = self._manifest(origin, document)
        if manifest is None:
            self._broken |= faults.meant(document)
            return
        kind, identity = manifest.kind, manifest.identity
        first = self._named.setdefault((_NAMED_LIKE.get(kind, kind), identity), origin)
        if first is not origin:
            self._again(origin, first, manifest)
            return
        self._origins[kind, identity] = origin
        self._collected[kind][identity] = manifest

    def _again(self, origin: Origin, first: Origin, manifest: Manifest) -> None:
        known = self._collected[manifest.kind].get(manifest.identity)
        if known is None:
            self.findings.append(duplicates.of_other_kind(origin, first, manifest))
        elif fields := duplicates.differing(known, manifest):
            self._repeated.setdefault((manifest.kind, manifest.identity), []).append((origin, fields))

    def _fault(self, document: Mapping[str, Any], fault: Finding) -> None:
        self.findings.append(fault)
        self._broken |= faults.meant(document)

    def _manifest(self, origin: Origin, document: Mapping[str, Any]) -> Manifest | None:
        kind = document.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            message = f"unknown kind: {wording.found(kind)}"
            hint = nearest(str(kind)[: wording.LONGEST], KINDS)
            self.findings.append(origin.finding("unknown-kind", message, ("kind",), hint=hint))
            return None
        model = model_of(kind)
        try:
            # `model_validate` does the same, and takes half as long again for the arguments that are not given.
            return cast("Manifest", model.__pydantic_validator__.validate_python(document))
        except ValidationError as invalid:
            manifest, found = without_unknown_fields(origin, model, document, invalid)
            self.findings += found
            if manifest:
                self._slips += (each for each in found if each.severity == "error")
            if manifest is None and kind == "Policy":
                from datakit_iac.manifest.models.policy import readable

                return readable(document)
            return manifest
