"""Check manifests, each by itself, and the references between them.

A file or folder is seen with the project around it, so that its references are found; only its own findings are shown.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import reporting
from datakit_iac.cli.scope import add_path, scope
from datakit_iac.cli.waiting import waiting


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_path(parser)
    reporting.add_output(parser)


def run(options: Namespace) -> int:
    """Check and report."""
    from datakit_iac.manifest.load import read

    asked = scope(options.path)
    with waiting("checking manifests"):
        project, findings = read(asked.root, as_records=True)

        # after reading, which goes on while they are imported
        from datakit_iac.environment.unguarded import unguarded
        from datakit_iac.manifest.connections import connections
        from datakit_iac.manifest.references import references
        from datakit_iac.pipeline.graph import build

        findings += [*build(project)[1], *references(project), *connections(project), *unguarded(project)]
        if project.policies:
            from datakit_iac.policy.declared import declared

            findings += declared(project)[1]
    own = asked.of(findings)
    return reporting.report(asked, project, own, options)
