"""Schedules: what Kubernetes, Debian's cron and we read alike, and nothing else."""

from __future__ import annotations

import pytest

from datakit_iac.manifest.models.transform import Schedule
from datakit_iac.manifest.values.schedule import five_fields

TAKEN = [
    "* * * * *",
    "*/15 6-18 * * mon-fri",
    "0,30 0-23/6 1,15 JAN-jun *",
    "05 6 * * sun",
    "0 0 1 * mon",
    "0 0 29 2 *",
    "0  6\t* * *",
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
]

REFUSED = {
    "": "found 0 fields",
    "0 6 * *": "found 4 fields",
    "0 0 6 * * *": "found 6 fields",
    "60 * * * *": "bad minute",
    "0 24 * * *": "bad hour",
    "0 0 0 * *": "bad day-of-month",
    "0 0 31 2 *": "bad day-of-month",
    "0 0 * 13 *": "bad month",
    "0 0 * * 8": "bad day-of-week",
    "0 0 * * fun": "bad day-of-week",
    "0 0 * * fri-mon": "bad day-of-week",
    "*/0 * * * *": "bad minute",
    "-5 * * * *": "'-5' is none of",
    "0 0 L * *": "'L' is none of",
    "0 0 LW * *": "'LW' is none of",
    "0 0 15W * *": "'15W' is none of",
    "0 0 * * 5L": "'5L' is none of",
    "0 0 * * tue#2": "'tue#2' is none of",
    "0 0 ? * *": "'?' is none of",
    "5/15 * * * *": "'5/15' is none of",
    "0 0 * * 7": "Sunday is 0 or sun",
    "0 0 * * 5-7": "Sunday is 0 or sun",
    "0 0 */2 * mon": "differs between schedulers",
    "0 0 1 * */2": "differs between schedulers",
    "@reboot": "expected one of @yearly",
    "@every 5m": "expected one of @yearly",
    "@Daily": "expected one of @yearly",
    "TZ=UTC 0 6 * * *": "found 6 fields",
    "٥ 0 * * *": "'٥' is none of",
}


@pytest.mark.parametrize("text", TAKEN)
def test_what_every_scheduler_reads_alike_is_taken_as_it_is_written(text: str) -> None:
    assert Schedule(cron=text).cron == text


@pytest.mark.parametrize("text", REFUSED)
def test_what_one_of_them_refuses_or_reads_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cron expression") as refused:
        Schedule(cron=text)
    assert REFUSED[text] in str(refused.value)


def test_a_nickname_stands_for_five_fields() -> None:
    assert {name: five_fields(name) for name in ("@daily", " @hourly ", "5 * * * *")} == {
        "@daily": "0 0 * * *",
        " @hourly ": "0 * * * *",
        "5 * * * *": "5 * * * *",
    }
