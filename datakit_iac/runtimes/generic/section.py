"""The sections of the generic runtimes."""

from __future__ import annotations

from typing import ClassVar

from datakit_iac.manifest.models.section import Section


class GoSection(Section):
    """Where the code of a Transform of runtime `generic-go` is; without a `command`, its folder is a program."""

    runs_command: ClassVar[bool] = True

    project: str = ""


class PythonSection(Section):
    """Where the code of a Transform of runtime `generic-python` is; what runs is its `command`, or its image."""

    runs_command: ClassVar[bool] = True
    needs_command: ClassVar[bool] = True

    project: str = ""
