"""What the author of a policy rule receives and returns, and the decorator that makes a function a rule."""

from __future__ import annotations

from datakit_iac.manifest.models.document import Model as Arguments
from datakit_iac.policy.model import (
    ColumnFacts,
    ConnectorFacts,
    DataSetFacts,
    EnvironmentFacts,
    StoreFacts,
    Target,
    TransformFacts,
)
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.rule import NoArguments, Remedy, Rule, Violation, rule

__all__ = [
    "Arguments",
    "ColumnFacts",
    "ConnectorFacts",
    "DataSetFacts",
    "EnvironmentFacts",
    "NoArguments",
    "ProjectFacts",
    "Remedy",
    "Rule",
    "StoreFacts",
    "Target",
    "TransformFacts",
    "Violation",
    "rule",
]
