"""The codes of findings: what each means in a few words, how severe it is unless somebody says otherwise, and its page.

The rules of policies are codes too; the packages that install them describe them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from datakit_iac.findings.finding import Severity


class Code(NamedTuple):
    """One code.

    Attributes:
        name: what findings are called by, e.g. ``unknown-field``.
        title: a few words, without a full stop.
        severity: of a finding that names no other.
        page: of the documentation, below `docs/`; there the code is a heading.
    """

    name: str
    title: str
    severity: Severity = "error"
    page: str = "troubleshooting.md"


CODES: Final = {
    code.name: code
    for code in (
        # Reading manifests
        Code("no-project", "The project folder does not exist"),
        Code("empty-project", "The project folder has no manifests"),
        Code("no-manifest", "The path has no manifests"),
        Code("unreadable", "A file or folder cannot be read"),
        Code("broken-yaml", "Invalid YAML"),
        Code("broken-module", "A Python module cannot be imported"),
        Code("invalid-function", "Invalid function"),
        Code("unknown-version", "Unknown apiVersion"),
        Code("unknown-kind", "Unknown kind"),
        Code("unknown-field", "Unknown field"),
        Code("missing-field", "Required field is missing"),
        Code("invalid-value", "Invalid value"),
        Code("duplicate-name", "Already declared"),
        # References
        Code("unknown-connector", "Undeclared Connector"),
        Code("unknown-store", "Undeclared Store"),
        Code("unknown-dataset", "Undeclared DataSet"),
        Code("unknown-column", "Undeclared column"),
        Code("invalid-seed", "Invalid seed rows"),
        Code("unknown-environment", "Undeclared Environment"),
        Code("unknown-binding", "A binding of an undeclared Store or DataSet"),
        Code("lock-missing", "The lock file is missing or has no entry for the Environment"),
        Code("lock-outdated", "The lock file is outdated"),
        Code("ambiguous-binding", "Ambiguous binding"),
        Code("unbound-store", "A required binding is missing"),
        Code("connector-version", "No version of the Connector matches"),
        Code("group-store", "A DataSetGroup spans several Stores"),
        Code("other-store", "A test refers to another Store"),
        Code("unmatched-tags", "No DataSet has all the tags"),
        Code("port-version", "The DataSet's version is outside the port's range"),
        Code("port-cell", "The DataSet's cell is not the port's"),
        # The pipeline
        Code("cycle", "Circular dependency of Transforms"),
        Code("several-writers", "Several Transforms write one DataSet", "warning"),
        Code("not-a-destination", "The Connector cannot be written to"),
        Code("same-place", "Two DataSets at one place"),
        Code("quarantine-schema", "The quarantine has the wrong schema"),
        Code("quarantine-store", "The quarantine is in another Store"),
        # Stores and jobs
        Code("unknown-technology", "Unknown technology"),
        Code("invalid-connection", "Invalid connection"),
        Code("invalid-reader", "Invalid reader options"),
        Code("technology-not-installed", "The technology is not installed"),
        Code("pii-unclassified", "PII without a classification"),
        Code("literal-secret", "A secret in clear text"),
        Code("unset-variable", "A variable is not set"),
        Code("secrets-file", "The file of secrets is unsafe or unreadable"),
        Code("unknown-runtime", "The runtime is not installed"),
        Code("invalid-job", "Invalid job"),
        Code("not-kept", "A promise of the manifest that is not kept", "warning"),
        Code("not-used", "A field that has no effect", "warning"),
        Code("executor-not-installed", "The executor is not installed"),
        Code("not-supported", "Not supported by this version"),
        Code("unguarded-store", "A guarded Store can be written without its approvals"),
        # Approvals
        Code("no-plan", "No plan"),
        Code("invalid-plan", "Invalid plan"),
        Code("changed-plan", "The plan was changed after it was made"),
        Code("stale-plan", "The plan is out of date"),
        Code("used-plan", "The plan was already applied"),
        Code("unapproved-option", "An option that the plan does not cover"),
        Code("unknown-author", "Unknown author"),
        Code("too-few-approvals", "Too few approvals"),
        Code("refused-approval", "An approval does not count"),
        # Policies
        Code("unknown-rule", "Unknown rule"),
        Code("invalid-expression", "Invalid expression"),
        Code("broken-rule", "A rule failed"),
        Code("unknown-value", "A value is not known yet", "warning"),
        Code("expired-waiver", "Expired waiver", "warning"),
        Code("unused-waiver", "Unused waiver", "warning"),
    )
}


def severity_of(code: str) -> Severity:
    """How severe a finding is that names no severity; a code of a policy's rule is an error."""
    return CODES[code].severity if code in CODES else "error"
