"""What differs between a live table and its contract."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.technologies.evolution import Change, plan
from datakit_iac.technologies.roles import data_tests
from datakit_iac.technologies.technology import FailedTest, Session, technology


def differences(dataset: BoundDataSet, columns: tuple[Column, ...], *, order: bool = False) -> tuple[Change, ...]:
    """What turns `columns` into the declared ones; nothing where a DataSet declares none.

    Args:
        dataset: what is declared.
        columns: what is there.
        order: whether another order of columns counts.
    """
    if not dataset.columns:
        return ()
    found = technology(dataset.connection.technology)
    keys, tags = found.capabilities.enforces_keys, found.capabilities.keeps_tags
    return plan(columns, dataset.columns, canonical=found.canonical, keys=keys, tags=tags, order=order)


def without_value(session: Session, dataset: BoundDataSet, columns: Iterable[Column]) -> list[FailedTest]:
    """The columns in which rows have no value."""
    bare = {"tests": [], "primary_key": False, "nullable": False}
    required = tuple(column.model_copy(update=bare) for column in columns)
    return data_tests(session, replace(dataset, columns=required, tests=())) if required else []
