"""A pipeline whose warehouse is written by the plugin that its Connector names, from the manifest to the rows."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

from datakit_iac.technologies.postgres.opening import connected
from tests.cloudquery import plugin_of_others
from tests.cloudquery.stores import database
from tests.scenarios.workspace import Workspace

PROJECT = """\
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {{name: postgres}}
spec:
  type: postgres
  version: "1.0.0"
  capabilities: [source, destination]
  plugin:
    destination: {{registry: local, path: ./plugins/postgres, spec: {{batch_size: 1000, as: "{{{{ user }}}}"}}}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {{name: files}}
spec: {{type: files, version: "1.0.0", capabilities: [source]}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {{name: warehouse}}
spec: {{connector: postgres, connection: {options}, secrets: {{password: "${{WAREHOUSE_PASSWORD}}"}}}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {{name: inbox}}
spec: {{connector: files, connection: {{path: inbox}}}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Environment
metadata: {{name: dev}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: DataSet
metadata: {{name: users-csv}}
spec: {{store: inbox, prefix: users.csv}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: DataSet
metadata: {{name: users}}
spec:
  store: warehouse
  table: raw.users
  classification: internal
  schema: [{{name: id, type: integer, primaryKey: true, pii: false}}, {{name: born, type: date, pii: false}}]
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Transform
metadata: {{name: load}}
spec: {{runtime: cloudquery, inputs: [{{dataset: users-csv}}], outputs: [{{dataset: users}}]}}
"""


def test_a_plugin_that_a_connector_names_runs_and_its_rows_are_counted(tmp_path: Path) -> None:
    connection = database()
    options = {name: value for name, value in connection.items() if name != "password"}
    workspace = Workspace(tmp_path / "a")
    workspace.env["WAREHOUSE_PASSWORD"] = connection["password"]
    workspace.write("project/project.yaml", PROJECT.format(options=json.dumps(options)))
    workspace.write("project/inbox/users.csv", "id,born\n1,2001-02-03\n2,\n")
    program = f'#!/bin/sh\nexec "{sys.executable}" "{plugin_of_others.__file__}" "$@"\n'
    plugin = workspace.write("project/plugins/postgres", program)
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)

    preview = workspace.preview().ok()
    assert "written by the plugin " in preview.text
    assert "which commits rows as they come" in preview.text
    done = workspace.up("--skip-preview").ok()
    assert "users 2" in done.text
    with connected(connection) as server:
        rows = server.execute("SELECT id, born::text, _cq_source_name FROM raw.users ORDER BY 1").fetchall()
    assert rows == [(1, "2001-02-03", "load"), (2, None, "load")]
    assert workspace.up("--skip-preview").ok().operations == {}

    outputs = "outputs: [{dataset: users}]"
    workspace.replace("project/project.yaml", outputs, f"{outputs}, cloudquery: {{writeMode: append}}")
    refused = workspace.up("--skip-preview").failed()
    assert "would write rows twice where a Run is tried again" in refused.text
    left = [each for each in workspace.root.rglob("*") if each.is_file()]
    assert not [each for each in left if connection["password"].encode() in each.read_bytes()]
