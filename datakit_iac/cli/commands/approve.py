"""Approve a plan: show it, and sign its digest with your SSH key.

The signature is beside the plan, a file for each person; commit it. Who you are is what approvals/allowed_signers
says of your key.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datakit_iac.cli import exit_codes, git, prompts, pulumi_process
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.approval.plan import Plan
    from datakit_iac.approval.signatures import Signers

_KEYS: Final = ("id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_rsa")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="a plan that `dk plan --out` saved")
    parser.add_argument("--key", metavar="FILE", help="the SSH key (default: git's user.signingkey, or ~/.ssh/id_…)")
    parser.add_argument(
        "--as", dest="principal", metavar="WHO", help="who you are, where your key is listed for several"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before signing")


def run(options: Namespace) -> int:
    from datakit_iac.approval import rendering
    from datakit_iac.approval.signatures import SignatureError

    file = Path(options.plan)
    plan = known_plan(file)
    print(rendering.text(plan))
    if plan.digest != plan.sealed:
        return _refused(f"{file} was changed after it was made: its digest is not that of its content")
    if not options.yes and not prompts.is_answered():
        return _refused(
            "not signed: standard input is not a terminal, so no answer is possible\n  fix: `--yes` does not ask"
        )
    if not options.yes and not prompts.agrees("sign it?"):
        return _refused("not signed")
    try:
        signed = _signed(plan, file, _key(options.key), options.principal or "")
    except SignatureError as fault:
        return _refused(str(fault))
    print(f"signed {os.path.relpath(signed)}; commit it beside the plan", file=sys.stderr)
    return exit_codes.FINE


def known_plan(file: Path) -> Plan:
    """A plan that was named on the command line.

    Raises:
        UsageError: there is none.
    """
    from datakit_iac.approval.plan import InvalidPlanError, read

    try:
        return read(file)
    except InvalidPlanError as invalid:
        raise exit_codes.UsageError(str(invalid), "`dk plan --env … --out` makes one") from invalid


def _signed(plan: Plan, file: Path, key: Path, principal: str) -> Path:
    """The signature's file; what does not hold under the list of signers is not left behind.

    Raises:
        SignatureError: the key cannot sign, or does not count.
    """
    from datakit_iac.approval.agreement import objection, unknown_author
    from datakit_iac.approval.people import is_name
    from datakit_iac.approval.signatures import SignatureError, Signers, place, sign

    signers = Signers.of(pulumi_process.project_folder())
    text = sign(plan.digest, key)
    fresh = place(file, f"unsigned {os.getpid()}").with_suffix(".tmp")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(text, encoding="utf-8")
    try:
        names = signers.names(signers.maker(plan.digest, fresh), fresh)
        who = principal or _only(names, key, signers)
        if not is_name(who):
            raise SignatureError(f"{who!r} is not a name that a list of signers may have")
        signers.fingerprint(plan.digest, who, fresh)
        # What would have no effect is reported before it is given.
        if reason := unknown_author(plan, signers) or objection(plan, who, names, plan.subject.approval):
            raise SignatureError(reason)
        return fresh.replace(place(file, who))
    finally:
        fresh.unlink(missing_ok=True)


def _only(names: tuple[str, ...], key: Path, signers: Signers) -> str:
    from datakit_iac.approval.people import is_name
    from datakit_iac.approval.signatures import SignatureError

    if len(names) == 1 and is_name(names[0]):
        return names[0]
    if names:
        raise SignatureError(f"{key} is listed for {', '.join(names)}: say who you are, `--as …`")
    raise SignatureError(
        f"{key} is not a key of {signers.allowed}; add a line there: your address, then the public key"
    )


def _key(named: str | None) -> Path:
    """The key to sign with.

    Raises:
        UsageError: there is none.
    """
    tried = [Path(named).expanduser()] if named else [*_of_git(), *(Path.home() / ".ssh" / name for name in _KEYS)]
    for key in tried:
        if key.is_file():
            return key
    raise exit_codes.UsageError(f"there is no SSH key {' or '.join(map(str, tried))}", "name one: `--key FILE`")


def _of_git() -> list[Path]:
    said = git.setting("user.signingkey")
    return [Path(said).expanduser()] if said and not said.startswith(("ssh-", "key::")) else []


def _refused(reason: str) -> int:
    print(visible(f"dk: {reason}", lines=True), file=sys.stderr)
    return exit_codes.FINDINGS
