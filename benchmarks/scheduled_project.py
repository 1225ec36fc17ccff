"""A project whose Transforms run a command by a schedule, each with one file as its output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

MINUTELY: Final = "* * * * *"
YEARLY: Final = "0 0 1 1 *"
API: Final = "apiVersion: datakit.infoblox.dev/v1alpha1"
PLATFORM: Final = f"""\
{API}
kind: Connector
metadata: {{name: files}}
spec: {{type: files, version: "1.0.0", capabilities: [source, destination]}}
---
{API}
kind: Store
metadata: {{name: outbox}}
spec: {{connector: files, connection: {{path: outbox}}}}
---
{API}
kind: Environment
metadata: {{name: dev}}
---
{API}
kind: Policy
metadata: {{name: lenient}}
spec: {{rules: [{{rule: pii-not-public}}]}}
"""


def write(folder: Path, command: Sequence[str], crons: Sequence[str]) -> None:
    """Write it.

    Args:
        folder: where it is to be, which is there.
        command: of each Transform; in it, NAME is the Transform's own name.
        crons: the schedule of each Transform; those are t0, t1, … and write d0.csv, d1.csv, … below `outbox`.
    """
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "platform.yaml").write_text(PLATFORM)
    (folder / "transforms").mkdir()
    (folder / "outbox").mkdir()
    manifests = (_transform(number, command, cron) for number, cron in enumerate(crons))
    (folder / "transforms/all.yaml").write_text("---\n".join(manifests))


def _transform(number: int, command: Sequence[str], cron: str) -> str:
    words = ", ".join(f'"{word.replace("NAME", f"t{number}")}"' for word in command)
    return f"""\
{API}
kind: DataSet
metadata: {{name: d{number}}}
spec: {{store: outbox, prefix: d{number}.csv, format: csv, schema: [{{name: id, type: integer}}]}}
---
{API}
kind: Transform
metadata: {{name: t{number}}}
spec:
  runtime: generic-python
  command: [{words}]
  trigger: {{policy: schedule, schedule: {{cron: "{cron}"}}}}
  outputs: [{{dataset: d{number}}}]
"""
