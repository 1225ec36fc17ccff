"""A plugin of CloudQuery as a Store and a Connector name it: how what it reaches is reached, its version, its image."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from datakit_iac.contract.connection import Connection
from datakit_iac.importing import sync_secrets
from datakit_iac.importing.names import hyphenated
from datakit_iac.importing.sync_spec import Plugin
from datakit_iac.manifest.values.image import Image
from datakit_iac.manifest.values.versions import semver
from datakit_iac.technologies import technology as technologies

_TYPES: Final = {"postgresql": "postgres", "file": "files"}
"""The technologies whose plugins have another name."""
_OURS: Final = re.compile(r"^(datakit|cq)-(source|destination)-")
_FROM_LIBPQ: Final = {"dbname": "database", "port": "port"}
_PORT: Final = "port"
_PLAIN: Final = re.compile(r"[A-Za-z0-9+]+://")


@dataclass
class Reached:
    """How a Store is reached.

    Attributes:
        options: what is not secret.
        secrets: references, by the name of what they are for.
        notes: what could not be carried over, or must be done.
    """

    options: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def technology(plugin: Plugin) -> str:
    """The technology that a plugin reads or writes.

    >>> technology(Plugin("destination", {"name": "pg", "path": "cloudquery/postgresql"}, "", {}))
    'postgres'
    """
    last = _OURS.sub("", plugin.path.rstrip("/").rpartition("/")[2].partition("@")[0].partition(":")[0])
    name = hyphenated(last, "plugin")
    return _TYPES.get(name, name)


def reached(plugin: Plugin, store: str, local: Callable[[str], str]) -> Reached:
    """How the Store of a plugin is reached.

    Args:
        plugin: the plugin.
        store: the Store's name, for the variables of its secrets.
        local: a path on this machine, from where manifests count them.
    """
    options = dict(plugin.options)
    if (known := _KNOWN.get(technology(plugin))) is not None:
        options = known(options, local)
    found = sync_secrets.taken(options, store)
    result = Reached(found.options, found.secrets)
    for path, name in found.variables.items():
        shown = ".".join(map(str, path))
        result.notes.append(
            f"{_at(plugin, path)}: {shown} of {plugin} is a secret; its value was not written: set {name} to it"
        )
    for name, value in found.options.items():
        if isinstance(value, str) and "${" in value:
            result.notes.append(
                f"{_at(plugin, (name,))}: {name} of {plugin} is {value}, which stays as it is; an option that is not"
                f" a secret is not looked up: write its value, or bind Store {store} in each Environment"
            )
    return result


def _at(plugin: Plugin, path: tuple[str | int, ...]) -> str:
    """Where an option is said; a part of a connection string is there."""
    if path[0] not in plugin.options:
        path = tuple(name for name in plugin.options if name in CARRIED.get(technology(plugin), ()))[:1]
    return plugin.at("spec", *path)


def _duckdb(options: dict[str, Any], local: Callable[[str], str]) -> dict[str, Any]:
    path = options.pop("connection_string", None) or options.pop("path", None)
    path = str(path).partition("?")[0] if path else ""
    return {"path": local(path)} if path else {}


def _postgres(options: dict[str, Any], local: Callable[[str], str]) -> dict[str, Any]:
    """The parts of a connection string (https://www.postgresql.org/docs/current/libpq-connect.html)."""
    text = str(options.get("connection_string") or "")
    parts = _of_url(text) if _PLAIN.match(text) else _of_words(text)
    named: dict[str, Any] = {_FROM_LIBPQ.get(name, name): value for name, value in parts.items() if value}
    if str(named.get(_PORT, "")).isdigit():
        named[_PORT] = int(str(named[_PORT]))
    return named or options


def _of_url(text: str) -> dict[str, str]:
    url = urlsplit(text)
    user, _, host = url.netloc.rpartition("@")
    name, _, password = user.partition(":")
    found = re.fullmatch(r"(\[[^]]*\]|.*?)(?::([^:]*))?", host)
    host, port = found.groups(default="") if found else (host, "")
    return {
        "host": unquote(host).strip("[]"), "port": port, "dbname": unquote(url.path.lstrip("/")), "user": unquote(name),
        "password": unquote(password), **dict(parse_qsl(url.query)),
    }  # fmt: skip


def _of_words(text: str) -> dict[str, str]:
    try:
        words = [word.partition("=") for word in shlex.split(text)]
    except ValueError:
        return {}
    return {name: value for name, sign, value in words if sign}


def _files(options: dict[str, Any], local: Callable[[str], str]) -> dict[str, Any]:
    """A folder; the tables of a source are DataSets in it."""
    path = options.get("path") or options.get("files_dir") or options.get("directory")
    return {"path": local(str(path))} if path else {}


_KNOWN: Final[Mapping[str, Callable[[dict[str, Any], Callable[[str], str]], dict[str, Any]]]] = {
    "duckdb": _duckdb,
    "postgres": _postgres,
    "files": _files,
}
"""How the options of a plugin are those of a connection, by technology; any other's are taken as they are."""

CARRIED: Final = {
    "duckdb": {"connection_string", "path"},
    "postgres": {"connection_string"},
    "files": {"path", "files_dir", "directory", "tables"},
}
"""The options of a plugin that are carried over, by technology."""


def left(plugin: Plugin) -> Iterator[str]:
    """The options of a plugin that cannot be carried over, each as a note."""
    kind = technology(plugin)
    for name in plugin.options:
        if kind in CARRIED and name not in CARRIED[kind]:
            yield f"{plugin.at('spec', name)}: `{name}` of {plugin} is not carried over"


def location(kind: str, options: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """What tells one Store from another: of a technology that is not installed, all that is said of it."""
    try:
        return technologies.technology(kind).location(Connection(kind, options))
    except (KeyError, technologies.StoreError):
        return repr((sorted(options.items()), sorted(secrets.items())))


def version(plugin: Plugin) -> str | None:
    """The plugin's version, where it is a semantic one."""
    try:
        return semver(str(plugin.fields.get("version") or "").removeprefix("v"))
    except ValueError:
        return None


def reference(plugin: Plugin, local: Callable[[str], str]) -> tuple[str, list[str]]:
    """A plugin as a Connector names it, and what cannot be carried over.

    It is empty for one that comes with this package, and for a server.
    """
    registry, path = str(plugin.fields.get("registry") or "cloudquery"), plugin.path
    if registry == "grpc":
        return "", [f"{plugin.at('path')}: {plugin} is a server at {path}; a Connector names an image or a program"]
    if path.rpartition("/")[2].startswith("datakit-"):
        return "", []
    if registry == "local":
        path = local(path)
        return path if path.startswith(("/", "../", "~")) else f"./{path}", []
    version = plugin.fields.get("version")
    text = f"{path}:{version}" if version and registry != "docker" else path
    try:
        Image.parse(text)
    except ValueError as fault:
        return "", [f"{plugin.at('path')}: {plugin}: {fault}"]
    return text, []
