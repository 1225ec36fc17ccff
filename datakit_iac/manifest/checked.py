"""A check of a field's value, said in an `Annotated` type without importing pydantic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class Checked(NamedTuple):
    """What pydantic's `AfterValidator` is, for modules that are used without pydantic too.

    Attributes:
        check: gives the value back, or raises ValueError.
    """

    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the type, then the check (pydantic's protocol for annotations)."""
        from pydantic_core.core_schema import no_info_after_validator_function

        return no_info_after_validator_function(self.check, handler(source))
