"""Choosing a Connector's version for a Store: the highest that the Store and the environment both accept."""

from __future__ import annotations

from datakit_iac.environment.versions.chosen import ChosenVersion
from datakit_iac.environment.versions.pins import is_exact_version
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.models.connector import Connector
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.store import Store
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.versions import satisfies


class Catalog:
    """The Connectors of a project, as one environment allows their versions."""

    def __init__(self, project: Project, environment: Environment) -> None:
        self._project = project
        self._environment = environment
        self._allowed = {
            each.name: (index, each.version)
            for index, each in enumerate(environment.spec.connectors or ())
            if each.version
        }

    def choose(self, store: Store, findings: list[Finding]) -> tuple[Connector, ChosenVersion] | None:
        """The Connector of a Store, and how it was chosen; None where it is not declared.

        Where no version is in the Store's own range, that is among the `findings`, and the newest takes its place.
        What the environment does not allow is reported by the rule `connectors-allowed`.
        """
        wanted = store.spec.connector
        editions = self._project.editions(wanted)
        if not editions:
            return None
        asked, allowed = store.spec.connector_version, self._allowed.get(wanted, (0, ""))[1]
        constraints = [each for each in dict.fromkeys((asked, allowed)) if each]
        fitting = [each for each in editions if each.is_within(asked)]
        if not fitting:
            findings.append(self._none_fits(store, asked))
        candidates = fitting or editions
        chosen = next((each for each in candidates if each.is_within(allowed)), candidates[0])
        path = ("spec", "connectorVersion" if asked else "connector")
        builds = sum(each.is_within(allowed) for each in fitting)  # of one version there may be several
        is_exact = any(map(is_exact_version, constraints)) and builds <= 1
        version = chosen.version or ""
        return chosen, ChosenVersion("connector", wanted, ", ".join(constraints), version, is_exact, store, path)

    def wrong_ranges(self) -> list[Finding]:
        """The ranges of the environment's allowed Connectors that are none; those hold for nothing."""
        found: list[Finding] = []
        for name, (index, constraint) in list(self._allowed.items()):
            path = ("spec", "connectors", index, "version")
            try:
                satisfies("1.0.0", constraint)
            except ValueError as fault:
                found.append(self._project.origin(self._environment).finding("invalid-value", str(fault), path))
                del self._allowed[name]
        return found

    def _none_fits(self, store: Store, asked: str) -> Finding:
        wanted = store.spec.connector
        there = _listed(self._project.editions(wanted))
        message = f"Connector {wanted} has {there}; Store {store.name} expects {asked}"
        return self._project.origin(store).finding("connector-version", message, ("spec", "connectorVersion"))


def _listed(editions: tuple[Connector, ...]) -> str:
    versions = [each.version for each in editions if each.version]
    if not versions:
        return "no version"
    return f"version{'s' if versions[1:] else ''} {', '.join(versions)}"
