"""A small pipeline: two CSV files, loaded by CloudQuery, staged and aggregated by dbt."""

from __future__ import annotations

from typing import Final

API: Final = "apiVersion: datakit.infoblox.dev/v1alpha1\n"

PLATFORM: Final = f"""\
{API}kind: Connector
metadata: {{name: duckdb}}
spec: {{type: duckdb, version: "1.0.0", capabilities: [source, destination]}}
---
{API}kind: Connector
metadata: {{name: files}}
spec: {{type: files, version: "1.0.0", capabilities: [source]}}
---
{API}kind: Store
metadata: {{name: warehouse}}
spec: {{connector: duckdb, connection: {{path: warehouse.duckdb}}}}
---
{API}kind: Store
metadata: {{name: inbox}}
spec: {{connector: files, connection: {{path: inbox}}}}
---
{API}kind: Environment
metadata: {{name: dev}}
---
{API}kind: Policy
metadata: {{name: lenient}}
spec: {{rules: [{{rule: pii-not-public}}]}}
"""

SOURCES: Final = f"""\
{API}kind: DataSet
metadata: {{name: users-csv}}
spec: {{store: inbox, prefix: users.csv, format: csv}}
---
{API}kind: DataSet
metadata: {{name: orders-csv}}
spec: {{store: inbox, prefix: orders.csv, format: csv}}
"""

TABLES: Final = f"""\
{API}kind: DataSet
metadata: {{name: users}}
spec:
  store: warehouse
  table: raw.users
  description: Everybody.
  schema:
    - {{name: id, type: integer, primaryKey: true}}
    - {{name: name, type: string}}
---
{API}kind: DataSet
metadata: {{name: orders}}
spec:
  store: warehouse
  table: raw.orders
  schema:
    - {{name: id, type: integer, primaryKey: true}}
    - {{name: user_id, type: integer}}
    - {{name: amount, type: double}}
---
{API}kind: DataSet
metadata: {{name: paid}}
spec:
  store: warehouse
  table: main.paid
  schema:
    - {{name: user_id, type: integer}}
    - {{name: amount, type: double}}
---
{API}kind: DataSet
metadata: {{name: revenue}}
spec:
  store: warehouse
  table: main.revenue
  schema:
    - {{name: name, type: string}}
    - {{name: total, type: double}}
"""

TRANSFORMS: Final = f"""\
{API}kind: Transform
metadata: {{name: load-users}}
spec:
  runtime: cloudquery
  inputs: [{{dataset: users-csv}}]
  outputs: [{{dataset: users}}]
---
{API}kind: Transform
metadata: {{name: load-orders}}
spec:
  runtime: cloudquery
  inputs: [{{dataset: orders-csv}}]
  outputs: [{{dataset: orders}}]
---
{API}kind: Transform
metadata: {{name: staging}}
spec:
  runtime: dbt
  inputs: [{{dataset: orders}}]
  outputs: [{{dataset: paid}}]
  dbt: {{project: models, select: [staging]}}
---
{API}kind: Transform
metadata: {{name: marts}}
spec:
  runtime: dbt
  inputs: [{{dataset: users}}, {{dataset: paid}}]
  outputs: [{{dataset: revenue}}]
  dbt: {{project: models, select: [marts]}}
"""

FILES: Final = {
    "platform.yaml": PLATFORM,
    "sources.yaml": SOURCES,
    "tables.yaml": TABLES,
    "transforms.yaml": TRANSFORMS,
    "inbox/users.csv": "id,name\n1,ann\n2,bob\n",
    "inbox/orders.csv": "id,user_id,amount\n1,1,10\n2,1,5\n3,2,7\n4,2,-7\n",
    "models/dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: any\nmodel-paths: [models]\n"
    "models: {shop: {+materialized: table}}\n",
    "models/models/staging/paid.sql": "select user_id, amount\n"
    "from {{ source('warehouse', 'orders') }} where amount > 0\n",
    "models/models/marts/revenue.sql": "select name, sum(amount) as total\n"
    "from {{ ref('paid') }} join {{ source('warehouse', 'users') }} on id = user_id group by name\n",
}

RUNS: Final = {
    "Run load-users": "create",
    "Run load-orders": "create",
    "Run staging": "create",
    "Run marts": "create",
}
