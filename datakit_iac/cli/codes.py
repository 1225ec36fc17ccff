"""What the codes of findings mean, read from the page that people read: ``troubleshooting.md``."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

_ENTRY: Final = re.compile(r"^### `([\w-]+)`\n+(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)


@cache
def meanings() -> dict[str, str]:
    """The meaning of each code, in Markdown."""
    page = files("datakit_iac.cli").joinpath("troubleshooting.md").read_text(encoding="utf-8")
    return {code: text.strip() for code, text in _ENTRY.findall(page)}
