"""The section of a Transform for a function: which it is, and which DataSet is which of its parameters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from datakit_iac.manifest.models.document import Name
from datakit_iac.manifest.models.section import Section
from datakit_iac.manifest.values.write_mode import DELETE_STALE, WriteMode

_IDENTIFIER = Annotated[str, Field(pattern=r"^[^\W\d]\w*$")]


class FunctionSection(Section):
    """The function of a Transform of runtime `python`; the declaration in its module writes it."""

    module: Annotated[str, Field(pattern=r"\.py$")]
    function: _IDENTIFIER
    parameters: dict[_IDENTIFIER, Name] = Field(default_factory=dict)
    returns: Annotated[dict[str, Name], Field(min_length=1)]
    write_mode: WriteMode = DELETE_STALE
