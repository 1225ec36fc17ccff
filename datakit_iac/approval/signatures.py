"""Signatures of a plan's digest by people's SSH keys, made and verified by OpenSSH's own `ssh-keygen -Y`.

The format is OpenSSH's PROTOCOL.sshsig, the list of allowed signers that of ssh-keygen(1). The tool itself rather than
a library: it alone knows agents, hardware keys, certificates, validity times and revocation lists.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from datakit_iac.approval.people import is_name
from datakit_iac.findings.location import shown
from datakit_iac.toolchain.errors import ToolchainError

NAMESPACE: Final = "datakit-plan"
"""What a signature is for: one made for git, or for another tool, is none of a plan."""

APPROVALS: Final = Path("approvals")
"""The folder of plans, signatures and signers, from the Pulumi project's."""

_FINGERPRINT: Final = re.compile(r"\bSHA256:[A-Za-z0-9+/=]+")
_LINE: Final = re.compile(r'\s*(?P<names>"[^"]*"|\S+)\s+(?P<rest>\S.*)')
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
        # Step by step, since `verify` alone does not say which of these failed; and since what it prints names the
        # principal, who may look like a fingerprint.
        found = self.maker(digest, signature)
        unlisted = f"{found} is not a key of {principal} in {shown(self.allowed)}"
        _checked(digest, signature, "verify", listed, unlisted)
        _checked(digest, signature, "verify", [*listed, *revoked], f"{found} is revoked in {shown(self.revoked)}")
        return found

    def maker(self, digest: str, signature: Path) -> str:
        """The fingerprint of the key that signed a digest, of whatever owner.

        Raises:
            SignatureError: it is not a signature of that digest.
        """
        said = _checked(digest, signature, "check-novalidate", [], "is not a signature of this plan")
        found = _FINGERPRINT.search(said)
        if found is None:
            raise SignatureError(f"is not a signature of this plan (ssh-keygen said {said!r})")
        return found[0]

    def principals(self) -> tuple[str, ...]:
        """Everybody whom the list names: names, and patterns of names."""
        return tuple(dict.fromkeys(each for names, _ in self._lines() for each in names.split(",")))

    def names(self, fingerprint: str, signature: Path) -> tuple[str, ...]:
        """All that the list calls the holder of a signature's key: names, and patterns of names.

        A line counts however it is restricted, and whether it has expired or not: it tells whose the key is.

        Args:
            fingerprint: the key's.
            signature: the signature, which may be by a certificate that has names of its own.
        """
        own = (each for names, keys in self._lines() if fingerprint in keys for each in names.split(","))
        return tuple(dict.fromkeys((*own, *self._certified(signature))))

    def _certified(self, signature: Path) -> tuple[str, ...]:
        """The names on the first line that fits; of a certificate, those of its own that the line admits."""
        try:
            said = _run(["-Y", "find-principals", "-s", str(signature), "-f", str(self.allowed)])
        except SignatureError:
            return ()
        return tuple(each for line in said.splitlines() for each in line.split(",") if each)

    def _lines(self) -> Iterator[tuple[str, set[str]]]:
        """The names on each line of the list, and the fingerprints of what may be a key there."""
        try:
            text = self.allowed.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        for line in text.splitlines():
            if (found := _LINE.match(line)) and not found["names"].startswith("#"):
                yield found["names"].strip('"'), {_fingerprint(word) for word in found["rest"].split()}


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature beside a plan.

    Attributes:
        principal: the person named by its file's name; empty where the name is not valid.
        file: where it is.
    """

    principal: str
    file: Path


def signatures(plan: Path) -> tuple[Signature, ...]:
    """The signatures beside a plan.

    Each has a file of its own, so that those of several people never meet in a merge.
    """
    found = ((unquote(file.name.removesuffix(_SUFFIX)), file) for file in sorted(_folder(plan).glob(f"*{_SUFFIX}")))
    return tuple(Signature(name if _is_placed(name, plan, file) else "", file) for name, file in found)


def _is_placed(name: str, plan: Path, file: Path) -> bool:
    return is_name(name) and place(plan, name) == file and file.is_file()


def place(plan: Path, principal: str) -> Path:
    """Where a person's signature of a plan is."""
    return _folder(plan) / f"{quote(principal, safe='@+')}{_SUFFIX}"


def sign(digest: str, key: Path) -> str:
    """A signature of a digest, as text; a key with a passphrase asks for it, one of an agent does not.

    Raises:
        SignatureError: the key cannot sign.
    """
    return _run(["-Y", "sign", "-n", NAMESPACE, "-f", str(key)], _message(digest))


def _folder(plan: Path) -> Path:
    return plan.with_name(f"{plan.name}.sigs")


def _checked(digest: str, signature: Path, step: str, options: list[str], fault: str) -> str:
    """What one step of `ssh-keygen -Y` prints of a signature that it takes."""
    try:
        return _run(["-Y", step, "-n", NAMESPACE, "-s", str(signature), *options], _message(digest))
    except SignatureError as failed:
        raise SignatureError(f"{fault} ({failed})") from failed


def _fingerprint(word: str) -> str:
    """The fingerprint of a public key, as `ssh-keygen -l` gives it; that of nothing where the word is none."""
    with contextlib.suppress(ValueError):
        return f"SHA256:{b64encode(sha256(b64decode(word, validate=True)).digest()).decode().rstrip('=')}"
    return ""


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
    ended = subprocess.run(
        [tool, *arguments], input=message, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if ended.returncode:
        said = (ended.stderr + ended.stdout).replace("\r", "").strip().splitlines()
        raise SignatureError("; ".join(dict.fromkeys(said)) or f"ssh-keygen ended with {ended.returncode}")
    return ended.stdout
