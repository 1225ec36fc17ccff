"""Builds in several databases do not wait for each other."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from tests.runtimes.dbt.conftest import Runner, Shop
from tests.runtimes.dbt.test_engine import SLOW


def test_a_build_waits_for_no_build_in_another_database(
    shop: Shop, warehouse: Path, run_alone: Runner, tmp_path: Path
) -> None:
    shop.write("models/slow/slow.sql", SLOW)
    other = Shop(shop.root, Path(shutil.copy(warehouse, tmp_path / "other.duckdb")))
    begun, done = threading.Event(), threading.Event()
    run_alone.on_progress = lambda line: begun.set() if "of 1 models" in line else None

    def build() -> None:
        try:
            run_alone(shop.job("slow", timeout=300))
        except Exception:
            done.set()

    first = threading.Thread(target=build)
    first.start()
    assert begun.wait(60)
    assert run_alone(other.job("staging")).counts["models"] == 2
    assert not done.is_set()
    run_alone.cancel.set()
    first.join()
