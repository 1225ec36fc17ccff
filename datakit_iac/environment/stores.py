"""Stores in one environment: their Connector's version, technology and connection, and whether secrets are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from datakit_iac.contract.connection import Connection
from datakit_iac.environment.bindings import Bindings
from datakit_iac.environment.model import ResolvedStore
from datakit_iac.environment.paths import rooted
from datakit_iac.environment.secrets.sources import Secrets, SourceError
from datakit_iac.environment.versions.chosen import ChosenVersion
from datakit_iac.environment.versions.connectors import Catalog
from datakit_iac.findings.fault import Fault
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.nearest import closest
from datakit_iac.installed import names
from datakit_iac.manifest import connections
from datakit_iac.manifest.models.connector import Connector
from datakit_iac.manifest.models.document import Manifest
from datakit_iac.manifest.models.environment import Bound, Environment
from datakit_iac.manifest.models.plugin import LOCAL, NO_PLUGIN, NamedPlugin, Plugin
from datakit_iac.manifest.models.store import Store
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.deferred import is_deferred
from datakit_iac.manifest.values.secret import Secret, variable
from datakit_iac.technologies.connection import GROUP, described
from datakit_iac.technologies.technology import StoreError, technologies, technology


class _Place(NamedTuple):
    """A manifest and the field of it that says how a Store is reached."""

    manifest: Manifest
    path: tuple[Step, ...]


class Stores:
    """The Stores of a project in one environment.

    Attributes:
        connectors: the Connectors in use, by identity.
        versions: what the Stores' references to them came to.
    """

    def __init__(
        self, project: Project, environment: Environment, bindings: Bindings, secrets: Secrets, findings: list[Finding]
    ) -> None:
        self._project, self._environment, self._bindings = project, environment, bindings
        self._secrets, self._findings = secrets, findings
        self._catalog = Catalog(project, environment)
        findings.extend(self._catalog.wrong_ranges())
        self.connectors: dict[str, Connector] = {}
        self.versions: list[ChosenVersion] = []

    def resolved(self) -> dict[str, ResolvedStore]:
        """Every Store whose Connector is declared and whose connection is right, by name."""
        return {name: store for name, each in self._project.stores.items() if (store := self._resolved(each))}

    def _resolved(self, store: Store) -> ResolvedStore | None:
        choice = self._catalog.choose(store, self._findings)
        if choice is None:
            return None
        connector, version = choice
        self.connectors[connector.identity] = connector
        self.versions.append(version)
        bound = self._bindings.of_store(store.name)
        kind, options, secrets = _merged(store, connector, bound)
        if isinstance(options.get("path"), str):
            options["path"] = rooted(options["path"], self._project.root)
        connection = Connection(kind, options)
        self._check_secrets(store, bound, secrets)
        create = bound.binding.create if bound and bound.binding.create is not None else store.spec.create
        is_installed = self._check(store, connector, connection, secrets, create=bool(create))
        if is_installed is None:
            return None
        return ResolvedStore(
            name=store.name,
            connector=connector.name,
            connection=connection,
            secrets=secrets,
            create=create,
            version=connector.version,
            destination="destination" in connector.spec.capabilities,
            is_installed=is_installed,
            vars=bound.binding.vars if bound else {},
            plugin=self._plugin(connector) if kind == connector.spec.type else NO_PLUGIN,
        )

    def _plugin(self, connector: Connector) -> Plugin:
        """The plugins that it names, programs by their paths from the working directory."""
        found = {side: self._rooted(each) for side, each in connector.spec.plugin.sides.items()}
        return NO_PLUGIN.model_copy(update=found)

    def _rooted(self, plugin: NamedPlugin) -> NamedPlugin:
        if not plugin.is_program:
            return plugin
        path = rooted(plugin.path, self._project.root)
        return plugin.model_copy(update={"path": path if path.startswith(LOCAL) else f"./{path}"})

    def _check(
        self, store: Store, connector: Connector, connection: Connection, secrets: Mapping[str, str], *, create: bool
    ) -> bool | None:
        """Whether the technology of a right connection is installed; None where the connection is wrong."""
        kind, bound = connection.technology, self._bindings.of_store(store.name)
        place = self._place(store, bound)
        manifest, path = (place.manifest, (*place.path, "type"))
        if kind == connector.spec.type:
            manifest, path = connector, ("spec", "type")
        fields = connector.spec.connection_schema if kind == connector.spec.type else ()
        if wrong := _known(connection, connections.faults(fields, connection.options, secrets)):
            self._tell(store, wrong)
            return None
        try:
            found = technology(kind)
        except StoreError as fault:
            known = described(kind)
            if not known and closest(kind, (*technologies(), *names(GROUP))):
                self._find(manifest, "unknown-technology", str(fault), path)
                return None
            message = f"Store {store.name} is of {kind}, and no code of it is installed that could reach it"
            if known:
                message = f"{message}; its fields are known here"
            hint = f"install a technology {kind!r}, or bind {store.name} to {' or '.join(technologies())}"
            self._find(manifest, "technology-not-installed", message, path, hint)
            faults = _known(connection, known.faults(kind, connection.options, secrets) if known else [])
            self._tell(store, faults)
            return None if faults else False
        hidden = {name: Secret(reference) for name, reference in secrets.items()}
        faults = _known(connection, found.check(replace(connection, secrets=hidden), create=create))
        self._tell(store, faults)
        return None if faults else True

    def _tell(self, store: Store, faults: list[Fault]) -> None:
        """Each fault where it was made; what is missing, at what should hold it."""
        bound = self._bindings.of_store(store.name)
        for fault in faults:
            place = self._place_of_option(store, bound, fault.path)
            path = place.path[: -len(fault.path)] if fault.code == "missing-field" else place.path
            origin = self._project.origin(place.manifest)
            self._findings.append(origin.of(fault._replace(path=path), f"Store {store.name}"))

    def _place_of_option(self, store: Store, bound: Bound | None, path: tuple[Step, ...]) -> _Place:
        """Where an option or secret is: in the binding, unless only the Store says it."""
        is_secret = path[:1] == ("secrets",)
        if bound is None:
            says_store = True
        elif is_secret:
            says_store = path[1] not in bound.binding.secrets
        else:
            said, binding = store.spec.connection, bound.binding.connection
            says_store = bool(path) and path[0] not in binding and path[0] in said
        if bound is None or says_store:
            return _Place(store, ("spec", *path) if is_secret else ("spec", "connection", *path))
        return _Place(self._environment, (*bound.path, *path))

    def _check_secrets(self, store: Store, bound: Bound | None, secrets: Mapping[str, str]) -> None:
        for name, reference in secrets.items():
            if is_deferred(reference):
                continue
            wanted = variable(reference)
            is_bound = bound is not None and name in bound.binding.secrets
            manifest: Manifest = self._environment if is_bound else store
            path = (*(bound.path if bound and is_bound else ("spec",)), "secrets", name)
            try:
                if self._secrets.find(wanted) is not None:
                    continue
            except SourceError as fault:
                self._find(manifest, "secrets-file", f"Store {store.name} needs {wanted}: {fault}", path, fault.hint)
                continue
            message = (
                f"Store {store.name} takes its secret {name} from {reference}, which is not set; "
                f"looked in {self._secrets.looked_in}"
            )
            self._find(manifest, "unset-variable", message, path, self._secrets.remedy(wanted))

    def _place(self, store: Store, bound: Bound | None) -> _Place:
        return _Place(self._environment, bound.path) if bound else _Place(store, ("spec", "connection"))

    def _find(self, manifest: Manifest, code: str, message: str, path: tuple[Step, ...], hint: str = "") -> None:
        self._findings.append(self._project.origin(manifest).finding(code, message, path, hint=hint))


def _known(connection: Connection, faults: list[Fault]) -> list[Fault]:
    """The faults without those of values that only the engine knows, which are looked at once it does."""

    def is_later(fault: Fault) -> bool:
        of_value = fault.code in ("invalid-value", "invalid-connection")
        return of_value and bool(fault.path) and is_deferred(connection.options.get(str(fault.path[0])))

    return [each for each in faults if not is_later(each)]


def _merged(store: Store, connector: Connector, bound: Bound | None) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Technology, options, secrets: the binding over what the Store says, or instead if the technology differs."""
    kind, defaults = connector.spec.type, connector.spec.defaults
    if bound is None:
        return kind, {**defaults, **store.spec.connection}, dict(store.spec.secrets)
    binding = bound.binding
    if binding.type and binding.type != kind:
        return binding.type, binding.connection, dict(binding.secrets)
    return kind, {**defaults, **store.spec.connection, **binding.connection}, {**store.spec.secrets, **binding.secrets}
