"""What holds where a project does not say: the policies of the mission, and what an environment itself demands."""

from __future__ import annotations

from typing import Final

_DEFAULTS: Final = {
    "versions": ("exact-version-pins",),
    "quality": ("tier-requirements",),
    "security": ("classification-required", "pii-declared", "pii-not-public", "pii-propagates"),
}
DEFAULT_RULES: Final = tuple(rule for rules in _DEFAULTS.values() for rule in rules)
"""The rules of a project without policies, each mandatory and without arguments."""

DEMANDED_RULES: Final = ("exact-version-pins", "connectors-allowed", "quotas", "lineage-required")
"""The rules of what an Environment says; mandatory wherever no policy names them."""

ADVISED_RULES: Final = ("pii-suspected",)
"""The rules that advise wherever no policy names them."""
