"""What technologies and runtimes are told, and tell, is made use of."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from datakit_iac.runtimes.job import Job, Outcome, Surroundings
from datakit_iac.technologies.bound import BoundDataSet, Connection
from datakit_iac.technologies.technology import Capabilities, Live, Violation

PACKAGE = Path(__file__).parents[2] / "datakit_iac"
SOURCE = "\n".join(file.read_text() for file in PACKAGE.rglob("*.py"))
DATA = (BoundDataSet, Connection, Capabilities, Live, Violation, Job, Outcome, Surroundings)


@pytest.mark.parametrize("kind", DATA, ids=lambda kind: kind.__name__)
def test_every_field_is_read_by_somebody(kind: type) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    assert [name for name in names if not re.search(rf"\.{name}\b", SOURCE)] == []
