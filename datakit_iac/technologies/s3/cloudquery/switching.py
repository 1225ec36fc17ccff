"""The switch of a prefix to its new objects, and what is removed after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from datakit_iac.technologies.s3 import snapshot
from datakit_iac.technologies.s3.cloudquery.target import Target
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.technologies.s3.opening import ConflictError
from datakit_iac.technologies.technology import StoreError

_ATTEMPTS: Final = 5


def switch(objects: Objects, target: Target, load: str) -> bool:
    """Name the new objects, unless another load did since; whether it was done.

    A change of its description alone is not a load.

    Args:
        objects: those of the bucket.
        target: the prefix, all of whose new objects are written.
        load: the ID of the load.

    Raises:
        StoreError: the Store refuses, or does not answer.
    """
    basis = target.basis
    for _ in range(_ATTEMPTS):
        columns = basis.columns if target.kept else tuple(each.name.lower() for each in target.output.columns)
        switched = replace(basis, objects=(*target.kept, *target.written), load=load, columns=columns)
        try:
            snapshot.switch(objects, target.prefix, switched)
            return True
        except ConflictError:
            there = snapshot.read(objects, target.prefix)
            if there and there.load == load:
                return True  # the answer to an attempt was lost
            if there is None or there.load != basis.load:
                break
            basis = there
    return False


def clean(objects: Objects, target: Target) -> Iterator[str]:
    """Remove what no snapshot names any more; what cannot be, the next load removes, and a note says so."""
    named = {each.key for each in (*target.kept, *target.written)}
    stale = [each.key for each in target.basis.objects or () if each.key not in named]
    try:
        objects.delete([*stale, *target.left])
    except StoreError as fault:
        yield f"{target.prefix}: stale objects stay until the next load: {fault}"
