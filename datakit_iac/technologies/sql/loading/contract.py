"""The tests of contracts, run before the rows are committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.duckdb.cloudquery.spec import OutputSpec


def demand_passed(connection: duckdb.DuckDBPyConnection, outputs: Iterable[OutputSpec]) -> None:
    """Run the tests of all outputs, each of which is one SELECT.

    Raises:
        PluginFault: some fail, or cannot run; each is named.
    """
    if breaches := [breach for output in outputs for breach in _breaches(connection, output)]:
        count = f"{len(breaches)} breach{'es' if len(breaches) > 1 else ''} of contract"
        told = "\n".join(breaches)
        raise PluginFault(f"the outputs would have {count}, so the tables are as they were\n{told}")


def _breaches(connection: duckdb.DuckDBPyConnection, output: OutputSpec) -> Iterator[str]:
    for test, subject, query in output.tests:
        try:
            row = connection.execute(query).fetchone()
        except duckdb.Error as fault:
            first = str(fault).partition("\n")[0]
            raise PluginFault(f"test {test}({subject}) of {output.dataset} cannot run: {first}") from fault
        if row and row[0]:
            yield f"{output.dataset}: {test}({subject}): {row[0]} row{'s' if row[0] != 1 else ''}"
