"""What the author of an executor implements and receives."""

from __future__ import annotations

from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled, Command, Conversation, Converses, Executor

__all__ = ["Cancelled", "Command", "Conversation", "Converses", "Executor", "LocalProcesses"]
