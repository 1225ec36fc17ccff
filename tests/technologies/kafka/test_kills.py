"""A load that is killed at any moment, and tried again, adds its rows once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import Final

import pytest

from tests.technologies.kafka.conftest import Topics

ROWS: Final = 3000
LOAD: Final = """
import sys
from datakit_iac.contract.connection import Connection
from tests.technologies.kafka.conftest import Topics
topics = Topics.__new__(Topics)
topics.brokers, topics.prefix = sys.argv[1:3]
topics.connection = Connection("kafka", {"brokers": [topics.brokers], "prefix": topics.prefix})
rows = [(number, str(number)) for number in range(int(sys.argv[4]))]
print("ready", flush=True)
topics.loaded(topics.dataset(), rows, run=sys.argv[3])
"""


@pytest.mark.slow
def test_a_load_that_is_killed_at_random_points_adds_its_rows_once(topics: Topics) -> None:
    dataset, chance = topics.made(), random.Random(7)
    rows = [(number, str(number)) for number in range(ROWS)]
    for number in range(1, 11):
        run = f"{number:x}"
        argv = [sys.executable, "-c", LOAD, topics.brokers, topics.prefix, run, str(ROWS)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as load:
            assert load.stdout is not None
            assert load.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 2))
            load.kill()
        topics.loaded(dataset, rows, run=run)
        assert len(topics.values()) == number * ROWS
