"""What the codes of findings mean: as the page says that people read, ``troubleshooting.md``, or a rule of policies."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

_ENTRY: Final = re.compile(r"^### `([\w-]+)`\n+(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)


@cache
def meanings() -> dict[str, str]:
    """The meaning of each code, in Markdown."""
    from datakit_iac.policy.rules import BUILT_IN

    page = files("datakit_iac.cli").joinpath("troubleshooting.md").read_text(encoding="utf-8")
    return {rule.name: rule.summary for rule in BUILT_IN} | {code: text.strip() for code, text in _ENTRY.findall(page)}
