"""No fault of a connection or a reader is in the words of Python, whatever is wrong in whatever option."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.duckdb import factory as duckdb
from datakit_iac.technologies.files import factory as files
from datakit_iac.technologies.technology import technology
from tests.manifest.test_wording import OURS, WRONG

OPTIONS = {"duckdb": duckdb.OPTIONS, "files": files.OPTIONS}


@pytest.mark.parametrize("name", OPTIONS)
def test_no_fault_is_in_the_words_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    told = []
    for option in OPTIONS[name]:
        for value in WRONG:
            connection = Connection(name, {"path": "." if name == "files" else "x.duckdb", option: value})
            told += technology(name).check(connection)
    assert len(told) > 10
    assert [fault for fault in told if OURS.search(fault)] == []
