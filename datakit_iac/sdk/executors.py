"""What the author of an executor implements, receives and returns."""

from __future__ import annotations

from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import (
    Capabilities,
    Configurable,
    Execution,
    Executor,
    ExecutorError,
    Judges,
    KeepsWorkers,
    LimitExceededError,
)
from datakit_iac.executors.variables import of_job
from datakit_iac.executors.workload import FOLDER, FOLDER_VARIABLE, Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.values.secret import Secret, revealed

__all__ = [
    "FOLDER",
    "FOLDER_VARIABLE",
    "Capabilities",
    "Configurable",
    "Execution",
    "Executor",
    "ExecutorError",
    "Fault",
    "Judges",
    "KeepsWorkers",
    "LimitExceededError",
    "LocalProcesses",
    "Secret",
    "Workload",
    "of_job",
    "revealed",
]
