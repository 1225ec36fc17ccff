"""The sources that no Run writes: whether their content changed, asked from time to time."""

from __future__ import annotations

from collections.abc import Iterator

from datakit_iac.runs.operation import NotDoneError, Operation
from datakit_iac.scheduling.runnable import RunnableProject
from datakit_iac.technologies.technology import StoreError


class Sources:
    """The versions of a project's sources, as they were seen last."""

    def __init__(self, project: RunnableProject) -> None:
        self._project = project
        self._seen: dict[str, str] = {}

    def changed(self, call: Operation) -> Iterator[str]:
        """The Transforms that run on a change and read a source that is not as it was; at first, all that read one.

        A source that cannot be asked is said, and asked again the next time.
        """
        for dataset, readers in self._project.sources().items():
            try:
                version = self._project.content(dataset, call)
            except (NotDoneError, StoreError) as fault:
                call.warn(str(fault))
                continue
            if self._seen.get(dataset) != version:
                self._seen[dataset] = version
                yield from readers
