"""Real SSH keys, and the list of whose keys count."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def new_key(folder: Path, name: str) -> Path:
    """A key without a passphrase."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)], check=True)
    return file


def public(key: Path) -> str:
    """The public half, as a list has it."""
    return key.with_suffix(".pub").read_text().strip()


def allow(root: Path, keys: Mapping[str, Path]) -> Path:
    """A project's list of allowed signers: each key under its owner's address at x.io."""
    file = root / "approvals" / "allowed_signers"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{name}@x.io {public(key)}\n" for name, key in keys.items()))
    return file
