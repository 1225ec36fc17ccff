"""A dbt project as its author wrote it: its configuration and its files, read without importing dbt."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from datakit_iac.runtimes.dbt.project import folders
from datakit_iac.runtimes.dbt.project.configuration import (
    CONFIGURATION,
    DEFAULT_PATHS,
    KINDS,
    NAMED,
    ProjectError,
    has_key,
    load,
    parsed,
)
from datakit_iac.runtimes.dbt.project.node import SUFFIXES, Node, fqn, refs_in, sources_in
from datakit_iac.runtimes.dbt.project.packages import Package, asked


class DbtProject:
    """The folder of a dbt project.

    Attributes:
        root: the folder as it was named.
        configuration: what `dbt_project.yml` says.
        loaded: the SHA-256 of its content as it was read.
    """

    def __init__(self, root: Path, fetched: Path | None = None) -> None:
        """Read the configuration.

        Args:
            root: the folder.
            fetched: a folder with the packages that `root` asks for and has not installed.

        Raises:
            ProjectError: the folder or its `dbt_project.yml` is missing, cannot be read, or names folders elsewhere.
        """
        self.root = root
        if not root.is_dir():
            raise ProjectError(f"there is no folder {root}; `project` names the folder with {CONFIGURATION}")
        if not (root / CONFIGURATION).is_file():
            raise ProjectError(f"{root} has no {CONFIGURATION}; `project` names the folder that has it")
        content = (root / CONFIGURATION).read_bytes()
        self.loaded: str = hashlib.sha256(content).hexdigest()
        loaded = parsed(content, root / CONFIGURATION)
        if not isinstance(loaded, dict) or not isinstance(loaded.get("name"), str):
            raise ProjectError(f"{root / CONFIGURATION} has no `name`; dbt needs one")
        self.configuration: dict[str, Any] = loaded
        self._demand_own_folders()
        self._fetched = fetched
        self._texts: dict[Path, str] = {}
        self._folders: dict[str, tuple[Path, ...]] = {}

    def _demand_own_folders(self) -> None:
        named = {f"{kind}-paths": self.paths(kind) for kind in KINDS} | {"packages-install-path": (self.packages,)}
        for setting, paths in named.items():
            for folder in paths:
                if Path(folder).is_absolute() or os.path.normpath(folder).startswith(".."):
                    raise ProjectError(
                        f"`{setting}` of {self.root / CONFIGURATION} names {folder}, which is outside of the project; "
                        "what projects share is a package: `packages: [{local: …}]` in packages.yml"
                    )

    @property
    def name(self) -> str:
        """The name dbt knows it by."""
        return str(self.configuration["name"])

    def paths(self, kind: str) -> tuple[str, ...]:
        """The folders of one kind of file, e.g. those of `model-paths`, as the configuration spells them."""
        listed = self.configuration.get(f"{kind}-paths")
        if listed is None:
            listed = [DEFAULT_PATHS[kind]] if kind in DEFAULT_PATHS else []
        return tuple(str(path).rstrip("/") or "." for path in listed)

    @property
    def packages(self) -> str:
        """The folder of the packages."""
        return str(self.configuration.get("packages-install-path") or "dbt_packages")

    @cached_property
    def asked(self) -> dict[Path, tuple[Package, ...]]:
        """The packages that it and its local packages require, see `packages.asked`."""
        return asked(self.root)

    @cached_property
    def is_installed(self) -> bool:
        """Whether ``dbt deps`` was run in it; dbt goes by the number of packages, too."""
        return sum(each.is_dir() for each in self._there) >= len(self.asked[self.root])

    @cached_property
    def package_folders(self) -> Mapping[Path, Path]:
        """Where each package is on this machine, by its folder in the project.

        What is installed is taken as it is. Else packages that are folders are where they are, and others where they
        were fetched to.
        """
        if self.is_installed:
            return {Path(self.packages, each.name): each for each in self._there}
        own = (folder for folder in self.asked if folder != self.root and (folder / CONFIGURATION).is_file())
        found = {Path(self.packages, DbtProject(folder).name): folder for folder in own}
        fetched = sorted(self._fetched.iterdir()) if self._fetched else ()
        return found | {Path(self.packages, each.name): each for each in fetched}

    @property
    def _there(self) -> list[Path]:
        folder = self.root / self.packages
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def place(self, file: Path) -> Path:
        """Where a file of the project, or of one of its packages, is on this machine."""
        if not self.package_folders:
            return self.root / file
        depth = len(Path(self.packages).parts) + 1
        package = self.package_folders.get(Path(*file.parts[:depth]))
        return package.joinpath(*file.parts[depth:]) if package else self.root / file

    @property
    def names_schemas(self) -> bool:
        """Whether `dbt_project.yml` gives models schemas of their own."""
        return has_key(self.configuration.get("models"), ("schema", "+schema"))

    @cached_property
    def own(self) -> tuple[Path, ...]:
        """The files in dbt's own folders, and those that it knows by name; without packages."""
        below = {file for kind in KINDS for folder in self.paths(kind) for file in self.files_below(folder)}
        return (*sorted(below), *(Path(name) for name in NAMED if (self.root / name).is_file()))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every model, seed, snapshot and singular test, by path."""
        found = {
            (kind, file): Node(kind, file, (self.name, *fqn(kind, file.relative_to(folder)), file.stem))
            for kind, suffixes in SUFFIXES.items()
            for folder in self.paths(kind)
            for file in self._files(folder, suffixes)
            if not (kind == "test" and file.relative_to(folder).parts[0] in ("generic", "fixtures"))
        }
        return tuple(found[key] for key in sorted(found))

    @cached_property
    def macro_files(self) -> tuple[Path, ...]:
        """The files of its own macros and generic tests, by path."""
        places = (*self.paths("macro"), *(str(Path(folder, "generic")) for folder in self.paths("test")))
        return tuple(sorted({file for folder in places for file in self._files(folder, (".sql",))}))

    @cached_property
    def shared(self) -> tuple[Path, ...]:
        """Files that any node may depend on: macros, generic tests, functions, packages, settings of dbt."""
        generic = [str(Path(folder, each)) for folder in self.paths("test") for each in ("generic", "fixtures")]
        places = (*self.paths("macro"), *self.paths("function"), *generic)
        found = {file for folder in places for file in self._files(folder, (".sql", ".py", ".csv"))}
        of_packages = (".sql", ".py", ".csv", ".yml", ".yaml")
        found |= {file for folder in self.package_folders for file in self._files(str(folder), of_packages)}
        named = (name for name in NAMED if name != CONFIGURATION)
        return (*sorted(found), *(Path(name) for name in named if (self.root / name).is_file()))

    @cached_property
    def described_by(self) -> tuple[Path, ...]:
        """The YAML files in which dbt looks for properties: in all its folders, by path."""
        places = {folder for kind in DEFAULT_PATHS for folder in self.paths(kind)}
        files = {file for folder in places for file in self._files(folder, (".yml", ".yaml"))}
        return tuple(file for file in sorted(files) if file.name != CONFIGURATION)

    @cached_property
    def properties(self) -> tuple[Mapping[str, Any], ...]:
        """What those YAML files say, by path.

        Raises:
            ProjectError: one of them is not valid YAML.
        """
        loaded = (load(self.root / file) for file in self.described_by)
        return tuple(each for each in loaded if isinstance(each, dict))

    def entries(self, section: str) -> Iterator[Mapping[str, Any]]:
        """The entries of one section (``models``, ``sources``, …) of all property files."""
        for properties in self.properties:
            for entry in properties.get(section) or ():
                if isinstance(entry, dict):
                    yield entry

    def refs(self, node: Node) -> set[str]:
        """The models that a node's text refers to by name."""
        return set() if node.kind == "seed" else refs_in(self.text(node.file))

    def sources(self, node: Node) -> set[tuple[str, str]]:
        """The sources, with their tables, that a node's text refers to by name."""
        return set() if node.kind == "seed" else sources_in(self.text(node.file))

    @cached_property
    def declared_sources(self) -> frozenset[tuple[str, str]]:
        """The sources, with their tables, that its own property files declare."""
        tables = (
            (entry.get("name"), table) for entry in self.entries("sources") for table in entry.get("tables") or ()
        )
        return frozenset((str(name), str(table.get("name"))) for name, table in tables if isinstance(table, dict))

    @cached_property
    def sources_of_packages(self) -> frozenset[tuple[str, str]]:
        """The sources, with their tables, that its packages declare; models of the project may read them, too."""
        found: set[tuple[str, str]] = set()
        for package in self.package_folders.values():
            with contextlib.suppress(ProjectError):  # dbt itself says so
                found |= DbtProject(package).declared_sources
        return frozenset(found)

    def may_say(self, word: str) -> bool:
        """Whether a word is anywhere in its configuration, its properties, its models or its packages."""
        files = (*(node.file for node in self.nodes if node.kind == "model"), *self.shared)
        said = (str(self.configuration), str(self.properties), *map(self.text, files))
        return any(word in each for each in said)

    def text(self, file: Path) -> str:
        """The content of one of its files."""
        if file not in self._texts:
            self._texts[file] = self.place(file).read_text(encoding="utf-8", errors="replace")
        return self._texts[file]

    def files_below(self, folder: str) -> tuple[Path, ...]:
        """The files of one of its folders, see `folders`; read once."""
        if folder not in self._folders:
            package = self.package_folders.get(Path(folder))
            self._folders[folder] = (
                tuple(Path(folder, file) for file in self._of_package(package))
                if package
                else folders.files(self.root, folder)
            )
        return self._folders[folder]

    def _of_package(self, package: Path) -> Iterable[Path]:
        """The files of a package; of one outside the project, which may be under development, those dbt reads."""
        if package.is_symlink() or package in self.asked:
            with contextlib.suppress(ProjectError):
                return DbtProject(package).own
        return folders.files(package, ".")

    def _files(self, folder: str, suffixes: tuple[str, ...]) -> Iterator[Path]:
        # dbt takes `X.SQL` for SQL.
        return (file for file in self.files_below(folder) if file.name.lower().endswith(suffixes))
