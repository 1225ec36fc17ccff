"""The public test kit: a provider served in the test's process, the conformance suites, recorded executions, functions.

Needs pytest; `datakit-iac[testing]` brings it.
"""

from __future__ import annotations

from datakit_iac.provider.registry import FUNCTIONS, TYPES
from datakit_iac.runtimes.python.fault import FunctionFault
from datakit_iac.testing.executor_suite import ExecutorSuite
from datakit_iac.testing.functions import run
from datakit_iac.testing.lifecycle import Lifecycle, Message, OperationError, RefusedError, Step, Subject
from datakit_iac.testing.recorded import Recorded
from datakit_iac.testing.technology_kit import MARK, ROWS, Rows, TechnologyKit
from datakit_iac.testing.technology_suite import TechnologySuite

__all__ = [
    "FUNCTIONS",
    "MARK",
    "ROWS",
    "TYPES",
    "ExecutorSuite",
    "FunctionFault",
    "Lifecycle",
    "Message",
    "OperationError",
    "Recorded",
    "RefusedError",
    "Rows",
    "Step",
    "Subject",
    "TechnologyKit",
    "TechnologySuite",
    "run",
]
