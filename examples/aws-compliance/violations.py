"""Print what does not comply: `python violations.py`."""

from __future__ import annotations

from pathlib import Path

import duckdb

WAREHOUSE = Path(".datakit", "dev", "warehouse.duckdb")

with duckdb.connect(WAREHOUSE, read_only=True) as warehouse:
    shown = "SELECT control, account_id, region, resource, detail, contact FROM marts.violations ORDER BY ALL"
    warehouse.sql(shown).show(max_rows=1000, max_width=200)
    warehouse.sql("FROM marts.compliance ORDER BY ALL").show(max_rows=1000)
