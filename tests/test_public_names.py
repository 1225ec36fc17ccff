"""The public surface: every name is there, says what it is, and its examples are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import datakit_iac

ROOMS = ("manifest", "pipeline", "environment", "technologies", "provider", "resources")


def modules() -> list[str]:
    found = []
    for room in ROOMS:
        package = importlib.import_module(f"datakit_iac.{room}")
        found += [
            package.__name__,
            *(each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
        ]
    return found


@pytest.mark.parametrize("name", datakit_iac.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(datakit_iac, name)
    assert isinstance(found, str) or (found.__doc__ or "").strip()


def test_what_is_not_public_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        datakit_iac.Nothing  # noqa: B018


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is_and_its_examples_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip()
    assert doctest.testmod(module).failed == 0
