"""No fault of a connection or a reader is in the words of Python, whatever is wrong in whatever option."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.technology import technologies, technology
from tests.manifest.test_wording import OURS, WRONG


@pytest.mark.parametrize("name", technologies())
def test_no_fault_is_in_the_words_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    told = list[str]()
    for option in [field["name"] for field in technology(name).connection.fields()]:
        for value in WRONG:
            connection = Connection(name, {"path": "." if name == "files" else "x.duckdb", option: value})
            told += map(str, technology(name).check(connection))
    assert len(told) > 10
    assert [fault for fault in told if OURS.search(fault)] == []
