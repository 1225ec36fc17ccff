"""Stories that were found by the model, each as short as it could be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.model.project import Column, Project
from tests.model.story import Story

Tell = Callable[..., Story]


def test_thin(tell: Tell) -> None:
    story = tell()
    p = story.project
    p = p.edited("sources", "people", files={"one.csv": (("1", "ann", "33"),)})
    story.change(p, "rows")
    people = p.datasets["people"]
    p = p.edited("datasets", "people", columns=(*people.columns, Column("city", "string")))
    p = p.edited("sources", "people", header=("id", "name", "age", "city"), files={"one.csv": (("1", "ann", "33", "rom"),)})
    story.change(p, "add")


def test_rename(tell: Tell) -> None:
    story = tell()
    p = story.project.edited("loads", "people", name="fetch")
    story.change(p, "rename")
