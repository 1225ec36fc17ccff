"""What the author of a runtime implements, receives and returns."""

from __future__ import annotations

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.protocol import Cancelled, Command, Conversation, Converses, Executor
from datakit_iac.manifest.redaction import Redaction
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.runtimes.definition import digest, given_digest
from datakit_iac.runtimes.described import Described, Describes
from datakit_iac.runtimes.job import Fetches, JobFailedError, Outcome, Relation, Runtime, Surroundings, TakesFiles

__all__ = [
    "BoundDataSet",
    "Cancelled",
    "Command",
    "Connection",
    "Conversation",
    "Converses",
    "Described",
    "Describes",
    "Executor",
    "Fetches",
    "Job",
    "JobFailedError",
    "Outcome",
    "Redaction",
    "Relation",
    "Runtime",
    "Secret",
    "Surroundings",
    "TakesFiles",
    "digest",
    "given_digest",
    "revealed",
]
