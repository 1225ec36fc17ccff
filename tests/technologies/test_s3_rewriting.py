"""Objects of a prefix that are written again for another contract: all of them are seen, or none; on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.models.column import Column
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.s3 import snapshot
from datakit_iac.technologies.s3.factory import S3
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing import MARK
from tests.technologies.kits import column
from tests.technologies.test_s3_load import COLUMNS, Killed, Lake, lake

__all__ = ["lake"]

RENAMED = (COLUMNS[0], column("w", previousNames=["v"]))
BACK = (COLUMNS[0], column("v", previousNames=["w"]))


def alter(lake: Lake, before: tuple[Column, ...]) -> list[str]:
    """Bring what is there to what the lake declares; what was told."""
    changes = plan(before, lake.columns, canonical=S3().canonical)
    with S3().open(lake.kit.connection) as session:
        session.alter(lake.dataset, changes, MARK)
        return session.notes()


def written(lake: Lake) -> list[tuple[str, str, str]]:
    """Folder, Transform and Run of each object of the snapshot."""
    known = snapshot.read(lake.objects, "users/")
    return sorted((each.key.rpartition("/")[0], each.source, each.run) for each in (known and known.objects) or ())


def seen(lake: Lake) -> list[Any]:
    """The rows; none where objects have other columns than the lake declares, which is an error."""
    with suppress(PluginFault):
        return lake.rows()
    return []


@contextmanager
def dead_from(lake: Lake, number: int) -> Iterator[Callable[[], int]]:
    """Kill the process at its request of a number, before it is sent or after it is done: no other is sent then."""
    count, client = 0, lake.objects.client

    def die(**_: Any) -> None:
        nonlocal count
        count += 1
        if count >= number:
            raise Killed

    event = "after-call.s3" if number % 2 else "before-call.s3"
    client.meta.events.register(event, die)
    try:
        yield lambda: count
    finally:
        client.meta.events.unregister(event, die)


@pytest.mark.slow
def test_whatever_request_is_killed_all_rows_are_seen_once_and_the_next_try_ends_it(lake: Lake) -> None:
    lake.load([(1, "x"), (2, "y")])
    lake.load([(3, "z")], "append", "2b", "other")
    expected, number, requests = [(1, "x"), (2, "y"), (3, "z")], 0, 1
    before, after = replace(lake), replace(lake, columns=RENAMED, more={"partition_by": ("w",)})
    while requests >= number:
        number += 1 if number < 4 else 3
        with dead_from(lake, number) as count, suppress(Killed):
            alter(after, before.columns)
        requests = count()
        assert expected in (seen(before), seen(after)), number
        alter(after, before.columns)
        assert (after.rows(), after.left_over()) == (expected, []), number
        before, after = after, replace(before, columns=BACK if after.columns == RENAMED else RENAMED)
    assert number > 8


def test_objects_keep_their_writers_and_are_put_into_folders(lake: Lake) -> None:
    lake.load([(1, "x"), (2, "y")])
    lake.load([(3, "y")], "append", "2b", "other")
    lake.more = {"partition_by": ("v",)}
    alter(lake, COLUMNS)
    assert written(lake) == [("users/v=x", "load", "1a"), ("users/v=y", "load", "1a"), ("users/v=y", "other", "2b")]
    assert alter(lake, COLUMNS) == []
    lake.load([(4, "z")], "append", "3c", "other")
    lake.more = {}
    lake.format = "csv"
    alter(lake, COLUMNS)
    assert written(lake) == [("users", "load", "1a")] * 2 + [("users", "other", "2b"), ("users", "other", "3c")]
    assert lake.rows() == [(1, "x"), (2, "y"), (3, "y"), (4, "z")]


def test_names_that_shift_are_not_taken_for_done(lake: Lake) -> None:
    lake.columns = before = (column("id", "integer", primaryKey=True), column("a"), column("b"))
    lake.load([(1, "x", "y")])
    lake.columns = (before[0], column("b", previousNames=["a"]), column("c", previousNames=["b"]))
    alter(lake, before)
    alter(lake, before)
    assert lake.rows() == [(1, "x", "y")]


def test_a_column_that_has_another_name_in_the_objects_is_an_error_and_never_empty(lake: Lake) -> None:
    lake.load([(1, "x")])
    lake.columns = RENAMED
    alter(lake, COLUMNS)
    lake.columns = COLUMNS  # a manifest that was taken back after an update that failed
    with pytest.raises(PluginFault, match="lacks a column that the contract declares: v"):
        lake.rows()
    alter(lake, ())  # as for a prefix that is adopted: nothing is known of its columns
    with pytest.raises(PluginFault, match="lacks a column that the contract declares: v"):
        lake.rows()
    lake.columns = RENAMED
    assert lake.rows() == [(1, "x")]


def test_each_object_keeps_what_it_has_of_columns_that_are_renamed_together_and_of_those_that_nobody_declared(
    lake: Lake,
) -> None:
    lake.columns = (*COLUMNS, column("theirs"))
    lake.load([(1, "x", "t")])
    before: tuple[Column, ...] = (*COLUMNS, column("age", "integer"))
    lake.columns = before
    alter(lake, COLUMNS)
    lake.load([(2, "y", 20)], "append", "2b")
    lake.columns = (RENAMED[0], RENAMED[1], column("years", "smallint", previousNames=["age"]))
    alter(lake, before)
    assert lake.rows() == [(1, "x", None), (2, "y", 20)]
    lake.columns, before = (*lake.columns, column("theirs")), lake.columns
    alter(lake, before)
    assert lake.rows() == [(1, "x", None, "t"), (2, "y", 20, None)]


def test_a_new_name_that_an_object_has_already_is_refused(lake: Lake) -> None:
    lake.columns = (*COLUMNS, column("w"))
    lake.load([(1, "x", "theirs")])
    lake.columns = RENAMED
    with pytest.raises(StoreError, match="has columns v and w; rename to what is not there yet"):
        alter(lake, COLUMNS)
    lake.columns = (*COLUMNS, column("w"))
    assert lake.rows() == [(1, "x", "theirs")]


def test_an_object_without_a_column_that_was_added_since_has_no_value_in_it(lake: Lake) -> None:
    lake.load([(1, "x"), (2, "y")])
    lake.columns = (*COLUMNS, column("age", "integer"))
    alter(lake, COLUMNS)
    lake.load([(2, "z", 20), (3, "w", 30)], "overwrite", "2b")
    assert lake.rows() == [(1, "x", None), (2, "z", 20), (3, "w", 30)]
