"""Findings as SARIF 2.1.0, which code scanners' platforms read.

The format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from datakit_iac.cli.output.code_help import meanings
from datakit_iac.findings.codes import CODES
from datakit_iac.findings.finding import Finding
from datakit_iac.version import __version__

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Sequence[Finding]) -> str:
    """A log of one run; every code that was found is one of its rules."""
    codes = sorted({found.code for found in findings})
    driver = {"name": "dk", "semanticVersion": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": f"{Path.cwd().as_uri().rstrip('/')}/"}},
        "results": [_result(found, codes.index(found.code)) for found in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str) -> dict[str, Any]:
    meaning = meanings().get(code, "")
    if not meaning:
        return {"id": code}
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(meaning.split()).replace("`", ""))
    return {
        "id": code,
        "shortDescription": {"text": f"{CODES[code].title}." if code in CODES else plain},
        "help": {"text": plain, "markdown": meaning},
    }


def _result(found: Finding, rule: int) -> dict[str, Any]:
    path, hint = f"{found.path}: " if found.path else "", f"\nfix: {found.hint}" if found.hint else ""
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": found.severity,
        "message": {"text": f"{path}{found.message}{hint}"},
    }
    return {**result, "locations": [_location(found)]} if found.file else result


def _location(found: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(Path(found.file))}
    if found.line:
        place["region"] = {"startLine": found.line, "startColumn": max(found.column, 1)}
    location: dict[str, Any] = {"physicalLocation": place}
    if found.path:
        location["logicalLocations"] = [{"fullyQualifiedName": found.path, "kind": "property"}]
    return location


def _artifact(file: Path) -> dict[str, str]:
    """A file as a reference: relative to the working directory, where it is below that."""
    if file.is_absolute():
        return {"uri": file.as_uri()}
    return {"uri": quote(file.as_posix()), "uriBaseId": "SRCROOT"}
