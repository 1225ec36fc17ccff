"""The rules that ship with us, one module for each subject; which of them hold is decided by policies."""

from __future__ import annotations

from typing import Final

from datakit_iac.policy.rule import Rule
from datakit_iac.policy.rules import custom, limits, ownership, quality, security, versions

BUILT_IN: Final[tuple[Rule, ...]] = (
    versions.exact_version_pins,
    limits.connectors_allowed,
    limits.quotas,
    quality.tier_requirements,
    quality.outputs_declared,
    security.classification_required,
    security.pii_declared,
    security.pii_not_public,
    security.pii_propagates,
    security.lineage_required,
    security.pii_suspected,
    ownership.owner_required,
    ownership.retention_required,
    ownership.naming,
    custom.custom,
)
