"""How files are reached, and how they are read."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from datakit_iac.manifest.wording import found
from datakit_iac.technologies.connection import ConnectionModel, Text
from datakit_iac.technologies.files import csv_options, limits


def _option(kind: str, description: str) -> Any:
    return Field(default=None, description=description, json_schema_extra={"type": kind})


class ContentConnection(ConnectionModel):
    """How the files of a Store are read, wherever they are."""

    encoding: Any = _option("string", "The encoding of the text, as Python names it; without, UTF-8.")
    delimiter: Any = _option("string", "What separates values; without, the files' first records tell.")
    quote: Any = _option("string", "What values are quoted with; empty where nothing is.")
    escape: Any = _option("string", "What comes before a quote inside of quotes; the quote itself where it is doubled.")
    header: Any = _option("boolean", "Whether the first record names the columns.")
    skip: Any = _option("integer", "How many lines before it to leave out.")
    comment: Any = _option("string", "What a line begins with that is not data.")
    decimal: Any = _option("string", "What comes before the fraction of a number.")
    thousands: Any = _option("string", "What separates groups of digits.")
    date_format: Any = _option("string", "How dates are written, in strptime's notation; without, ISO 8601.")
    timestamp_format: Any = _option("string", "How timestamps are written.")
    nulls: Any = _option("array", "Texts that mean no value.")
    max_record_size: Any = _option("string", "Bytes of one record at most, e.g. 64Mi.")
    max_unpacked_size: Any = _option("string", "Bytes that one packed file may unpack to.")
    max_unpacked_ratio: Any = _option("number", "How many times its own size a packed file may unpack to.")

    @field_validator("*", mode="before")
    @classmethod
    def _is_readable(cls, value: object, info: ValidationInfo) -> object:
        """What readers can do with, as they say themselves."""
        name = cls.model_fields[str(info.field_name)].alias or ""
        if name in csv_options.OPTIONS and value is not None:
            fits, expected = csv_options.OPTIONS[name]
            if not fits(value):
                raise ValueError(f"{name} is {found(value)}; expected {expected}")
        if name in limits.OPTIONS and (wrong := limits.Limits.read({name: value})[1]):
            raise ValueError(wrong[0])
        return value


class FilesConnection(ContentConnection):
    """What a Store of files is reached by, and how CSV in it is read."""

    path: Text = Field(description="The folder, or `package:NAME/folder` for one inside an installed Python package.")
