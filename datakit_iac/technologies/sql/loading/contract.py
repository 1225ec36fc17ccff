"""The tests of contracts, run before the rows are committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.sql.loading.database import Database, RefusedError
from datakit_iac.technologies.sql.loading.spec import OutputSpec


def demand_passed(database: Database, outputs: Iterable[OutputSpec]) -> None:
    """Run the tests of all outputs, each of which is one SELECT.

    Raises:
        PluginFault: some fail, or cannot run; each is named.
    """
    if breaches := [breach for output in outputs for breach in _breaches(database, output)]:
        count = f"{len(breaches)} breach{'es' if len(breaches) > 1 else ''} of contract"
        told = "\n".join(breaches)
        raise PluginFault(f"the outputs would have {count}, so the tables are as they were\n{told}")


def _breaches(database: Database, output: OutputSpec) -> Iterator[str]:
    for test, subject, query in output.tests:
        try:
            ((rows,),) = database.rows(query)
        except RefusedError as fault:
            raise PluginFault(f"test {test}({subject}) of {output.dataset} cannot run: {fault}") from fault
        if rows:
            yield f"{output.dataset}: {test}({subject}): {rows} row{'s' if rows != 1 else ''}"
