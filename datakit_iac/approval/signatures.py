"""Signatures of a plan's digest by people's SSH keys, made and verified by OpenSSH's own `ssh-keygen -Y`.

The format is OpenSSH's PROTOCOL.sshsig, the list of allowed signers that of ssh-keygen(1). The tool itself rather than
a library: it alone knows agents, hardware keys, certificates, validity times and revocation lists.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from datakit_iac.manifest.project import shown
from datakit_iac.toolchain.errors import ToolchainError

NAMESPACE: Final = "datakit-plan"
"""What a signature is for: one made for git, or for another tool, is none of a plan."""

APPROVALS: Final = Path("approvals")
"""The folder of plans, signatures and signers, from the Pulumi project's."""

_FINGERPRINT: Final = re.compile(r"\bSHA256:[A-Za-z0-9+/=]+")
_SUFFIX: Final = ".sig"


class SignatureError(Exception):
    """A signature does not hold, or cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose keys count: files that the repository protects.

    Attributes:
        allowed: the list of allowed signers, ssh-keygen(1).
        revoked: keys that count no more: a key revocation list, or public keys, one a line.
    """

    allowed: Path
    revoked: Path

    @classmethod
    def of(cls, folder: Path) -> Signers:
        """Those of a Pulumi project."""
        return cls(folder / APPROVALS / "allowed_signers", folder / APPROVALS / "revoked_keys")

    def fingerprint(self, digest: str, principal: str, signature: Path) -> str:
        """The fingerprint of the key with which `principal` signed a digest.

        Raises:
            SignatureError: the signature is none of that person over that digest, or the key counts no more.
        """
        if not self.allowed.is_file():
            raise SignatureError(f"there is no list of allowed signers, {shown(self.allowed)}")
        listed = ["-f", str(self.allowed), "-I", principal]
        revoked = ["-r", str(self.revoked)] if self.revoked.is_file() else []
        # Step by step, since `verify` alone does not say which of these failed.
        found = self._checked(digest, signature, "check-novalidate", [], "is no signature of this plan")
        self._checked(digest, signature, "verify", listed, f"{found} is no key of {principal} in {shown(self.allowed)}")
        return self._checked(
            digest, signature, "verify", [*listed, *revoked], f"{found} is revoked in {shown(self.revoked)}"
        )

    @staticmethod
    def _checked(digest: str, signature: Path, step: str, options: list[str], fault: str) -> str:
        """The fingerprint, as one step of `ssh-keygen` prints it."""
        try:
            said = _run(["-Y", step, "-n", NAMESPACE, "-s", str(signature), *options], _message(digest))
        except SignatureError as failed:
            raise SignatureError(f"{fault} ({failed})") from failed
        found = _FINGERPRINT.search(said)
        if found is None:
            raise SignatureError(f"{fault} (ssh-keygen said {said!r})")
        return found[0]

    def principals(self, signature: Path) -> tuple[str, ...]:
        """Who the list says may hold the key of a signature; whether the signature holds is not asked."""
        try:
            said = _run(["-Y", "find-principals", "-s", str(signature), "-f", str(self.allowed)])
        except SignatureError:
            return ()
        return tuple(each for line in said.splitlines() for each in line.split(",") if each)


def signatures(plan: Path) -> dict[str, Path]:
    """The signatures beside a plan, by the person each claims to be of.

    Each has a file of its own, so that those of several people never meet in a merge.
    """
    return {unquote(file.name.removesuffix(_SUFFIX)): file for file in sorted(_folder(plan).glob(f"*{_SUFFIX}"))}


def place(plan: Path, principal: str) -> Path:
    """Where a person's signature of a plan lies."""
    return _folder(plan) / f"{quote(principal, safe='@+')}{_SUFFIX}"


def sign(digest: str, key: Path) -> str:
    """A signature of a digest, as text; a key with a passphrase asks for it, one of an agent does not.

    Raises:
        SignatureError: the key cannot sign.
    """
    return _run(["-Y", "sign", "-n", NAMESPACE, "-f", str(key)], _message(digest))


def _folder(plan: Path) -> Path:
    return plan.with_name(f"{plan.name}.sigs")


def _message(digest: str) -> str:
    return f"{digest}\n"


def _run(arguments: list[str], message: str = "") -> str:
    """What `ssh-keygen` printed.

    Raises:
        SignatureError: it failed.
        ToolchainError: there is none.
    """
    tool = shutil.which("ssh-keygen")
    if tool is None:
        raise ToolchainError(
            "there is no ssh-keygen on PATH",
            expected="OpenSSH's, 8.2 or newer, to sign and verify approvals",
            fix="install OpenSSH's client: `apt-get install openssh-client`, `dnf install openssh`",
        )
    ended = subprocess.run([tool, *arguments], input=message, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = (ended.stderr + ended.stdout).replace("\r", "").strip().splitlines()
        raise SignatureError("; ".join(dict.fromkeys(said)) or f"ssh-keygen ended with {ended.returncode}")
    return ended.stdout
