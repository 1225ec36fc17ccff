"""The section of a Transform for dbt: a dbt project's folder and dbt's own selection."""

from __future__ import annotations

from pydantic import Field

from datakit_iac.manifest.models.document import nothing
from datakit_iac.manifest.models.section import Section


class DbtSection(Section):
    """What a Transform of runtime `dbt` builds: a dbt project's folder and dbt's own selection."""

    project: str = ""
    select: list[str] = Field(default_factory=nothing)
    exclude: list[str] = Field(default_factory=nothing)
