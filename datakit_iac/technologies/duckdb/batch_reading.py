"""Looking at rows of a Store that knows no SQL, and gives them out in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.looking import Profile, Sample

if TYPE_CHECKING:
    from datakit_iac.technologies.duckdb.batches import Source


class ReadsBatches(ABC):
    """A session with the role `technologies.roles.ReadsRows`, over batches of its own."""

    def sample(self, dataset: BoundDataSet, *, limit: int, where: str = "", show_pii: bool = False) -> Sample:
        """See `technologies.roles.ReadsRows`."""
        sources = self._sources(dataset, limit=limit, show_pii=show_pii)
        from datakit_iac.technologies.duckdb import batches  # late: it imports what plugins do

        return batches.sample(dataset, sources, limit=limit, where=where, show_pii=show_pii)

    def profile(self, dataset: BoundDataSet, *, show_pii: bool = False) -> Profile:
        """See `technologies.roles.ReadsRows`."""
        (everything,) = self._sources(dataset, limit=None, show_pii=show_pii)
        from datakit_iac.technologies.duckdb import batches

        return batches.profile(dataset, everything, show_pii=show_pii)

    @abstractmethod
    def _sources(self, dataset: BoundDataSet, *, limit: int | None, show_pii: bool) -> Sequence[Source]:
        """The rows in ways that read ever more, the last of which gives all; without a limit, that one alone.

        Raises:
            StoreError: they are not there, or what reads them is not installed.
        """
