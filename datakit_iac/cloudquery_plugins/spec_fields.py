"""What the spec of every destination of ours may have, beside what its technology asks for."""

from __future__ import annotations

from typing import Final

RECEIVED: Final = "received"
"""What the source calls its tables, where it is none of ours; see `received.Received`."""
