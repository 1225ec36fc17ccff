"""The address of a Store, by which jobs reach it: `snowflake://USER:PASSWORD@ACCOUNT/DATABASE/SCHEMA?warehouse=…&role=…`.

Source: https://docs.snowflake.com/en/developer-guide/python-connector/sqlalchemy#connection-string-examples
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from datakit_iac.contract.connection import Connection

_QUERY: Final = ("role", "warehouse", "authenticator", "host", "port", "protocol")
_HIDDEN: Final = {"token": "token", "privateKey": "private_key", "privateKeyPassphrase": "private_key_passphrase"}


def written(connection: Connection) -> str:
    """The address, secrets percent-encoded in it."""
    options, secrets = connection.options, {name: each.reveal() for name, each in connection.secrets.items()}
    login = quote(str(options.get("user", "")), safe="")
    if "password" in secrets:
        login += f":{quote(secrets['password'], safe='')}"
    said = {name: options[name] for name in _QUERY if name in options}
    said |= {spelled: secrets[name] for name, spelled in _HIDDEN.items() if name in secrets}
    path = "/".join(quote(str(each), safe="") for each in (options["database"], options.get("schema", "PUBLIC")))
    query = f"?{urlencode(said, quote_via=quote)}" if said else ""
    return f"snowflake://{login}{'@' if login else ''}{quote(str(options['account']), safe='.')}/{path}{query}"


def read(dsn: str) -> dict[str, Any]:
    """The fields of a connection, secrets among them, by the names that manifests use."""
    parts = urlsplit(dsn)
    login, _, account = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    database, _, schema = parts.path.lstrip("/").partition("/")
    names = {spelled: name for name, spelled in _HIDDEN.items()}
    given = {names.get(name, name): value for name, value in parse_qsl(parts.query)}
    told = {"account": account, "database": database, "schema": schema, "user": user, "password": password}
    return {**{name: unquote(value) for name, value in told.items() if value}, **given}
