"""What the author of a runtime implements, receives and returns."""

from __future__ import annotations

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import Cancelled, Executor
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.section import Section
from datakit_iac.manifest.redaction import Redaction
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.runtimes.definition import digest, given_digest
from datakit_iac.runtimes.documentation import Describes, ModelDocumentation
from datakit_iac.runtimes.execution import of_job, started
from datakit_iac.runtimes.job import (
    Fetches,
    JobFailedError,
    Prepares,
    Relation,
    RunContext,
    RunResult,
    Runtime,
    TakesFiles,
    UsesPlugins,
    Warmable,
    invalid_job,
)
from datakit_iac.runtimes.projects import BuildsProject, Dependency, NamesFiles, NotFoundError

__all__ = [
    "FOLDER",
    "BoundDataSet",
    "BuildsProject",
    "Cancelled",
    "Connection",
    "Dependency",
    "Describes",
    "Executor",
    "Fault",
    "Fetches",
    "Job",
    "JobFailedError",
    "Lines",
    "ModelDocumentation",
    "NamesFiles",
    "NotFoundError",
    "Prepares",
    "Redaction",
    "Relation",
    "RunContext",
    "RunResult",
    "Runtime",
    "Secret",
    "Section",
    "TakesFiles",
    "UsesPlugins",
    "Warmable",
    "Workload",
    "digest",
    "given_digest",
    "invalid_job",
    "of_job",
    "revealed",
    "started",
]
