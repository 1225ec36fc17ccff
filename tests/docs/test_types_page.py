"""The page of types says what the code does."""

from __future__ import annotations

import re

from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import NAMES, SYNONYMS, DataType
from datakit_iac.technologies.duckdb.types import write
from datakit_iac.technologies.postgres import types as postgres
from datakit_iac.technologies.snowflake import types as snowflake
from tests.docs.test_docs import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/types.md").read_text().splitlines()
    if line.startswith("| `")
]
SPELLINGS = {row[0].strip("`").partition("(")[0]: row[1] for row in ROWS if len(row) == 2}
ELSEWHERE = {row[0].strip("`").partition("(")[0]: row[1:] for row in ROWS if len(row) > 2}


def test_every_type_stands_in_both_tables_and_no_other() -> None:
    assert [*SPELLINGS] == [*ELSEWHERE] == [*NAMES, "array<T>"]


def test_every_synonym_stands_beside_its_type() -> None:
    for name in NAMES:
        expected = {spelling for spelling, canonical in SYNONYMS.items() if canonical == name}
        assert set(re.findall(r"`([^`]+)`", SPELLINGS[name])) == expected, name


def test_the_systems_are_as_the_code_writes_them() -> None:
    for name in NAMES:
        duckdb, arrow, server, cloud = (cell.strip("`") for cell in ELSEWHERE[name][:4])
        example = DataType.parse("decimal(9,4)" if name == "decimal" else name)
        assert write(example) == duckdb.replace("(P,S)", "(9,4)")
        assert postgres.write(example) == server.replace("(P,S)", "(9,4)").partition("`")[0]
        assert snowflake.write(example) == cloud.replace("(P,S)", "(9,4)").partition("`")[0]
        if not arrow.startswith("CloudQuery"):
            assert str(to_arrow(example)) == arrow.replace("(P, S)", "(9, 4)")
