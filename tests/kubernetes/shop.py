"""A shop: its orders are in one database, loaded by CloudQuery into another, and summed up there by dbt."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from tests.scenarios.workspace import Workspace
from tests.servers.kubernetes import images
from tests.servers.kubernetes.cluster import Kubernetes
from tests.servers.kubernetes.postgres import PostgresForPods
from tests.servers.sharing import shared

PROJECT: Final = Path(__file__).with_name("project")
ROWS: Final = "SELECT name, total FROM marts.revenue ORDER BY 1"
PLUGIN: Final = Path(__file__).parents[1] / "servers" / "kubernetes" / "plugin"
_ENVIRONMENT: Final = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Environment
metadata: {name: dev}
spec: {executor: %s, history: %s}
bindings: {warehouse: %s, shop: %s}
"""


class Shop(Workspace):
    """The project in an environment whose jobs run on the cluster.

    Args:
        root: the folder of the Pulumi project.
        cluster: what a client needs.
        namespace: of the jobs.
        history: the Store that keeps it; a file of this machine where it is null.
    """

    def __init__(self, root: Path, cluster: dict[str, str], namespace: str, history: str = "null") -> None:
        super().__init__(root)
        facts = shared(PostgresForPods)
        self.server: dict[str, Any] = {**facts, "host": cluster["host"], "port": int(facts["port"])}
        self.databases = [self._database(each) for each in ("warehouse", "shop")]
        self.say(("CREATE SCHEMA shop", "CREATE TABLE shop.orders (id integer primary key, name text, amount float8)"))
        self.say(("INSERT INTO shop.orders VALUES (1,'ann',10),(2,'ann',5),(3,'bob',7),(4,'bob',-7)",))
        shutil.copytree(PROJECT, self.project, dirs_exist_ok=True)
        image = f"localhost/{secrets.token_hex(6)}:1"
        where = {"type": "kubernetes", "image": image, "namespace": namespace}
        reached = {"type": "postgres", "host": self.server["host"], "port": self.server["port"], "user": "test"}
        hidden = {"secrets": {"password": "${SHOP_PASSWORD}"}}
        bindings = [json.dumps({**reached, "database": name, **hidden}) for name in self.databases]
        self.write("project/dev.yaml", _ENVIRONMENT % (json.dumps(where), history, *bindings))
        self._image, self._cluster = image, Path(cluster["folder"])
        self.env["PATH"] = f"{PLUGIN}{os.pathsep}{self.env['PATH']}"
        self.env |= {"SHOP_PASSWORD": self.server["password"], "KUBECONFIG": cluster["kubeconfig"]}

    def build(self) -> None:
        """Make the image of the project as it is, and bring it to the node."""
        file = self.root / "image.tar"
        images.on_top(file, self._image, self._cluster / "image.json", self.root, ["Pulumi.yaml", "project"])
        Kubernetes.import_image(self._cluster, file)

    def say(self, statements: tuple[str, ...]) -> None:
        """Statements on the shop's own database."""
        for each in statements:
            self._execute(self.databases[1], each)

    def ask(self, query: str) -> list[Any]:
        """Rows of the warehouse."""
        return self._execute(self.databases[0], query)

    def revenue(self) -> list[Any]:
        """The rows at the end of the pipeline."""
        return self.ask(ROWS)

    def _database(self, name: str) -> str:
        made = f"{name}_{secrets.token_hex(6)}"
        self._execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(made)))
        return made

    def _execute(self, database: str, statement: Any) -> list[Any]:
        with psycopg.connect(**self.server, dbname=database, autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []
