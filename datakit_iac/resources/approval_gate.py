"""The gate of an update: it passes where its environment requires no approval, or has the approvals it requires."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pulumi

from datakit_iac.approval import gate, options, preview
from datakit_iac.approval.configuration import Configuration
from datakit_iac.approval.options import Options
from datakit_iac.approval.plan import Subject
from datakit_iac.approval.plan_subject import subject
from datakit_iac.approval.verification import CurrentState
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.visible import visible
from datakit_iac.pulumi_compat import configuration, root_directory
from datakit_iac.toolchain import policy_pack
from datakit_iac.toolchain.engine import wrapper
from datakit_iac.toolchain.errors import ToolchainError

_LINES: Final = 20
"""So much of a failed preview is quoted: its end."""


def admit(resolved: ResolvedProject, findings: Sequence[Finding]) -> str:
    """Refuse an update that its environment does not allow; in a preview, say what the project is.

    What would be done is found by the engine itself, in a preview of this stack as it is while the update holds
    its lock, so that nothing can come between. A preview is never asked for anything: it touches nothing.

    Args:
        resolved: the project.
        findings: what was found on it and let pass.

    Returns:
        The digest of the plan, which the state records as applied last; empty where no approval is required.

    Raises:
        pulumi.RunError: the update is refused; nothing is registered.
    """
    if pulumi.runtime.is_dry_run():
        _tell_subject(resolved, findings)
        return ""
    if not resolved.environment.spec.approval.needed:
        return ""
    seen = options.of_engine()
    if refused := [*seen.objections()]:
        _refuse_or_warn(resolved.environment.name, gate.Admission(refused, ""))
    try:
        judged = gate.admission(_folder(), os.environ.get(gate.PLAN, ""), _reality(resolved, findings, seen))
    except ToolchainError as missing:
        raise pulumi.RunError(str(missing)) from missing
    _refuse_or_warn(resolved.environment.name, judged)
    return judged.plan


def applied(plan: str, made: Iterable[pulumi.Resource]) -> dict[str, pulumi.Output[str]]:
    """The output of a Platform that says which plan was applied to it: known when all that it made is there.

    Args:
        plan: the plan's digest; empty where no approval was required.
        made: what the Platform makes.
    """
    return {preview.APPLIED: pulumi.Output.all(*(each.urn for each in made)).apply(lambda _: plan)} if plan else {}


def _configuration() -> Configuration:
    return Configuration(*configuration())


def _tell_subject(resolved: ResolvedProject, findings: Sequence[Finding]) -> None:
    """Write down what the project is, where this preview is made for a plan; else say who must."""
    if asked := os.environ.get(preview.SUBJECT_FILE):
        made = _subject(resolved, findings, options.of_engine())
        try:
            with Path(asked).open("x", encoding="utf-8") as file:
                file.write(made.model_dump_json())
            preview.configuration_beside(Path(asked)).write_text(_configuration().digest, encoding="utf-8")
        except FileExistsError as second:
            raise pulumi.RunError("a plan is of one project; this program has a second Platform") from second
    elif needed := resolved.environment.spec.approval.needed:
        people = "person other than its author" if needed == 1 else "people other than its author"
        pulumi.log.info(
            f"{needed} {people} must approve this; `dk plan --env {resolved.environment.name} --out` begins"
        )


def _reality(resolved: ResolvedProject, findings: Sequence[Finding], seen: Options) -> CurrentState:
    made = _subject(resolved, findings, seen)
    try:
        operations, follows = preview.fresh(
            wrapper.executable(), _folder(), _qualified_stack(), _configuration(), _packs(seen)
        )
    except preview.PreviewError as failed:
        said = visible("\n".join(str(failed).splitlines()[-_LINES:]), lines=True)
        raise pulumi.RunError(
            f"what this update would do cannot be determined; its preview failed:\n{said}"
        ) from failed
    return CurrentState(made, operations, resolved.environment.spec.approval, datetime.now(UTC), follows)


def _subject(resolved: ResolvedProject, findings: Sequence[Finding], seen: Options) -> Subject:
    return subject(
        resolved,
        findings,
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        folder=_folder(),
        packed=seen.is_packed if seen.words else policy_pack.is_used(),
    )


def _packs(seen: Options) -> tuple[str, ...]:
    """The policy packs that look on at this update; those of `dk` where it cannot be seen."""
    return seen.packs if seen.words else policy_pack.arguments(_folder())


def _refuse_or_warn(environment: str, judged: gate.Admission) -> None:
    # What a file is called need be no text, and the engine takes nothing else.
    messages = [str(each).encode(errors="backslashreplace").decode() for each in judged.findings]
    if not judged.is_allowed:
        raise pulumi.RunError("\n".join([f"{environment} requires an approved plan; nothing was changed:", *messages]))
    for each in messages:
        pulumi.log.warn(each)


def _qualified_stack() -> str:
    """The stack's full name, since a short one may mean another organization's."""
    organization = pulumi.get_organization()
    return "/".join((organization, pulumi.get_project(), pulumi.get_stack())) if organization else pulumi.get_stack()


def _folder() -> Path:
    return root_directory()
