"""The public test kit: a provider served in the test's process, and the suite that every technology passes.

Needs pytest; `datakit-iac[testing]` brings it.
"""

from __future__ import annotations

from datakit_iac.provider.registry import FUNCTIONS, TYPES
from datakit_iac.testing.lifecycle import Lifecycle, Message, OperationError, RefusedError, Step, Subject
from datakit_iac.testing.technology_suite import MARK, ROWS, Rows, TechnologyKit, TechnologySuite

__all__ = [
    "FUNCTIONS",
    "MARK",
    "ROWS",
    "TYPES",
    "Lifecycle",
    "Message",
    "OperationError",
    "RefusedError",
    "Rows",
    "Step",
    "Subject",
    "TechnologyKit",
    "TechnologySuite",
]
