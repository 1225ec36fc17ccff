"""A Postgres that pods reach: it takes connections at every address of this machine."""

from __future__ import annotations

from tests.servers.postgres import Postgres

_NETWORK = "10.89.0.0/16"
"""Of the pods of all test clusters."""


class PostgresForPods(Postgres):
    """Postgres with a password, from the networks of test clusters too."""

    name = "Postgres for pods"

    def settings(self) -> dict[str, str]:
        """Those of any, and all addresses."""
        return {**super().settings(), "listen_addresses": "*"}

    def prepare(self) -> None:
        """Make the database cluster; pods may sign in."""
        super().prepare()
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text(f"{rules.read_text()}host all all {_NETWORK} scram-sha-256\n")
