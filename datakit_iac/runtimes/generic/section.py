"""The section of a generic runtime."""

from __future__ import annotations

from typing import ClassVar

from datakit_iac.manifest.models.section import Section


class GenericSection(Section):
    """Nothing: a generic runtime runs the Transform's `command`, or its image."""

    runs_command: ClassVar[bool] = True
