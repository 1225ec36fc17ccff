"""The direction of imports, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def loaded_by(statement: str) -> set[str]:
    """The top-level modules in a fresh process after a statement."""
    code = f"{statement}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_contracts_between_the_rooms_are_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


DRIVERS = {"boto3", "botocore", "confluent_kafka", "psycopg", "pyarrow", "snowflake"}


@pytest.mark.parametrize(
    ("statement", "without"),
    [
        ("import datakit_iac", {"pulumi", "grpc", "pydantic", "yaml", "duckdb"}),
        ("import datakit_iac.manifest.loading.loader", {"yaml", "pulumi", "grpc", "duckdb", "networkx"}),
        ("import datakit_iac.environment.resolve", {"pulumi", "grpc", "duckdb", "networkx"}),
        (
            "from datakit_iac.technologies.technology import technology, technologies as t; [*map(technology, t())]",
            {"pulumi", "grpc", "duckdb", *DRIVERS},
        ),
        (
            "from datakit_iac.runtimes.dbt.profile import adapters, carriers; adapters(), carriers()",
            {"duckdb", *DRIVERS},
        ),
        ("import datakit_iac.provider.serve", {"pulumi", "grpc", "duckdb", "pydantic"}),
        ("import datakit_iac.provider.registry", {"duckdb", "dbt", "cloudquery"}),
    ],
)
def test_an_import_brings_no_more_than_it_needs(statement: str, without: set[str]) -> None:
    assert not loaded_by(statement) & without
