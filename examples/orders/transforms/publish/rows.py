"""Print the rows of a table of a Store as JSON: `python rows.py STORE TABLE`.

The driver of the Store is that of datakit, so that the program that asks for the rows needs none.
"""

from __future__ import annotations

import json
import sys

from datakit_iac import stores

store, table = sys.argv[1:]
with stores.get(store) as connection:
    cursor = connection.execute(f"SELECT item, amount FROM {table} ORDER BY amount DESC, item")
    print(json.dumps([{"item": item, "amount": str(amount)} for item, amount in cursor.fetchall()]))
