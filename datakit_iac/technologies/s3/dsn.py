"""The address of a Store of S3, by which jobs reach it, and what it opens.

``s3://KEY:SECRET@bucket/prefix?endpoint=…&region=…&pathStyle=…&profile=…&sessionToken=…``, every part percent-encoded.
Without a key the SDK finds the credentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from datakit_iac.contract.connection import Connection

_OPTIONS: Final = ("endpoint", "region", "pathStyle", "profile")
_TOKEN: Final = "sessionToken"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A Store of S3, ready to be worked on.

    >>> Bucket("lake", "raw/", None).key("users.csv")
    'raw/users.csv'

    Attributes:
        name: the bucket's name.
        prefix: what the keys of all objects of the Store begin with; empty, or with ``/`` at its end.
        client: a client of boto3 (https://docs.aws.amazon.com/boto3/latest/reference/services/s3.html) for it.
    """

    name: str
    prefix: str
    client: Any = field(repr=False)

    def key(self, path: str) -> str:
        """The key of an object, by its path within the Store."""
        return f"{self.prefix}{path}"


def written(connection: Connection) -> str:
    """The address of a Store."""
    options, secrets = connection.options, {name: each.reveal() for name, each in connection.secrets.items()}
    login = ":".join(quote(secrets[name], safe="") for name in ("accessKeyId", "secretAccessKey") if name in secrets)
    said = {name: _text(options[name]) for name in _OPTIONS if options.get(name) is not None}
    said |= {_TOKEN: secrets[_TOKEN]} if _TOKEN in secrets else {}
    query = f"?{urlencode(said, quote_via=quote, safe='')}" if said else ""
    prefix = quote(str(options.get("prefix") or "").strip("/"), safe="/")
    return f"s3://{login}{'@' if login else ''}{options['bucket']}{f'/{prefix}' if prefix else ''}{query}"


def read(dsn: str) -> tuple[str, str, Mapping[str, Any], Mapping[str, str]]:
    """The bucket, the prefix, the options and the secrets of an address.

    >>> read("s3://AK:s%2Fc@lake/raw?region=eu-west-1&pathStyle=true")
    ('lake', 'raw/', {'region': 'eu-west-1', 'pathStyle': True}, {'accessKeyId': 'AK', 'secretAccessKey': 's/c'})
    """
    url = urlsplit(dsn)
    login, _, bucket = url.netloc.rpartition("@")
    key, _, secret = login.partition(":")
    said: dict[str, Any] = dict(parse_qsl(url.query))
    found = {"accessKeyId": unquote(key), "secretAccessKey": unquote(secret), _TOKEN: said.pop(_TOKEN, "")}
    if "pathStyle" in said:
        said["pathStyle"] = said["pathStyle"] == "true"
    prefix = unquote(url.path).strip("/")
    return bucket, f"{prefix}/" if prefix else "", said, {name: value for name, value in found.items() if value}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
