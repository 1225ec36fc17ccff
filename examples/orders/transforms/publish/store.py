"""The way to a Store: `python store.py read STORE TABLE` prints rows, `python store.py write STORE FILE` takes a file.

The driver of the Store is that of datakit, so that the program which calls this needs none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from datakit_iac import stores


def read(store: str, table: str) -> None:
    """Print the rows of a table."""
    with stores.get(store) as connection:
        cursor = connection.execute(f"SELECT item, amount FROM {table} ORDER BY amount DESC, item")
        print(json.dumps([{"item": item, "amount": str(amount)} for item, amount in cursor.fetchall()]))


def write(store: str, file: str) -> None:
    """Replace a file in a folder, or an object in a bucket, whole or not at all."""
    place, content = stores.get(store), sys.stdin.buffer.read()
    if isinstance(place, Path):
        fresh = (place / file).with_name(".rows.new")
        fresh.write_bytes(content)
        fresh.replace(place / file)
    else:
        place.client.put_object(Bucket=place.name, Key=place.key(file), Body=content)


{"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
