"""The spec of the CloudQuery destination of an SQL database."""

from __future__ import annotations

from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.technologies.sql.data_tests import queries
from datakit_iac.technologies.sql.dialect import Dialect


def spec(dialect: Dialect, sync: Sync) -> dict[str, Any]:
    """How rows are written, and the tests that each output must pass before they are committed."""
    return {
        "write_mode": sync.write_mode,
        "source": sync.transform,
        "run": sync.run,
        "outputs": {
            str(target.place): {
                "dataset": target.name,
                "writers": target.writers,
                "tests": [list(each) for each in queries(dialect, target)],
                "quarantine": target not in [pair.target for pair in sync.pairs],
            }
            for target in sync.targets
        },
    }
