"""What git knows of the person at work."""

from __future__ import annotations

import subprocess


def setting(key: str) -> str:
    """The value of a key of git's configuration; empty where it is not set, or there is no git."""
    try:
        asked = subprocess.run(["git", "config", key], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip()
