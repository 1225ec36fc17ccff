"""What is wrong with a file or a document before a model sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from datakit_iac.findings.finding import Finding, Severity
from datakit_iac.findings.location import Position, shown
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest import wording
from datakit_iac.manifest.loading import yaml_reader
from datakit_iac.manifest.models.document import API_VERSION
from datakit_iac.manifest.models.kinds import KINDS

_HOST: Final = r"(?s)datakit\.|.*infoblox\.dev"
"""How the `apiVersion` of every manifest begins, in any version, and with a typo in its first word."""


def foreign(origin: Origin, document: Mapping[str, Any], version: object) -> Finding | None:
    """The fault of a document that is meant as ours and has not our `apiVersion`; None where it is another's."""
    if isinstance(version, str) and re.match(_HOST, version):
        message = f"found {wording.found(version)}, expected {API_VERSION!r}"
        return origin.finding("unknown-version", message, ("apiVersion",), hint=f"apiVersion: {API_VERSION}")
    if key := next((key for key, value in document.items() if value == API_VERSION), None):
        message = f"{API_VERSION} is under {key!r}, expected under 'apiVersion'"
        return origin.finding("unknown-field", message, (str(key),), hint="rename it: apiVersion")
    kind = document.get("kind")
    if "apiVersion" not in document and isinstance(kind, str) and kind in KINDS and "metadata" in document:
        hint = f"add apiVersion: {API_VERSION}"
        return origin.finding("missing-field", "apiVersion is required", ("apiVersion",), hint=hint)
    return None


def unreadable(file: str, fault: OSError | UnicodeDecodeError) -> Finding:
    """The finding of a file that cannot be read."""
    if isinstance(fault, UnicodeDecodeError):
        reason, hint = f"not UTF-8: {fault}", "save it as UTF-8"
    else:
        reason = fault.strerror or str(fault)
        hint = "fix its permissions" if isinstance(fault, PermissionError) else "fix or remove it"
    return Finding(code="unreadable", message=f"cannot be read: {reason}", at=Position(shown(Path(file))), hint=hint)


def broken(file: str, fault: yaml_reader.BrokenYamlError, severity: Severity) -> Finding:
    """The finding of a file that is not valid YAML."""
    hint = "the cause may be just before it; put text with special characters in quotes, and indent with spaces"
    return Finding(
        code="broken-yaml",
        message=f"this is not valid YAML: {fault}",
        severity=severity,
        at=Position(shown(Path(file)), fault.line, fault.column),
        hint=hint,
    )


_NAMED: Final = rb"\bname:\s*[\"']?([a-z][a-z0-9-]{0,62})\b"


def names_in(content: bytes) -> set[tuple[str, str]]:
    """Every name in a file that cannot be read as YAML: what is there is taken to be declared."""
    return {("", name.decode()) for name in re.findall(_NAMED, content)}


def meant(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Kind and name of a document that is not right, if it has a name; no kind where there is none such."""
    kind, metadata = document.get("kind"), document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return {(str(kind) if str(kind) in KINDS else "", name)} if isinstance(name, str) else set()
