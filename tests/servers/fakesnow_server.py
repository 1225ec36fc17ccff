"""fakesnow's server, nearer to Snowflake where tests ask for it: `python fakesnow_server.py PORT PASSWORD_FILE`.

It runs in an environment of its own; see `tests.servers.snowflake`. What is added to fakesnow 0.12.1:

- the login checks user `test`, its password, its public key and its token, and tells how long it lasts;
- an error that DuckDB raises and fakesnow does not know is an error of Snowflake at once, which no client retries;
- a statement that defines something commits the open transaction (https://docs.snowflake.com/en/sql-reference/transactions#ddl);
- comments: those of columns in `CREATE TABLE` are kept, those of tables go with a rename, those of views are shown;
- `information_schema.tables` has views; SHOW PRIMARY KEYS IN DATABASE; temporary tables are found by their full names,
  by COPY INTO too; empty timestamps stay empty on the wire.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import fakesnow.arrow
import fakesnow.copy_into
import fakesnow.cursor
import fakesnow.info_schema
import fakesnow.server as server
import fakesnow.transforms
import pyarrow as pa
import pyarrow.compute as pc
import snowflake.connector.errors as errors
import uvicorn
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

PORT, PASSWORD = int(sys.argv[1]), Path(sys.argv[2]).read_text().strip()
TOKEN = f"token-of-{PASSWORD}"
KEY = Path(sys.argv[2]).with_name("key.pub")


def fault_of_login(said: dict[str, Any]) -> tuple[str, str] | None:
    """Number and text of what is wrong with a login."""
    match str(said.get("AUTHENTICATOR", "")).upper():
        case "SNOWFLAKE_JWT":
            if not is_signed(said["TOKEN"]):
                return "390144", "JWT token is invalid. [0ce9eb56-821d-4ca9-a774-04ae89a0cf5a]"
        case "OAUTH" | "PROGRAMMATIC_ACCESS_TOKEN":
            if said["TOKEN"] != TOKEN:
                return "390303", "Invalid OAuth access token."
        case _:
            if (str(said.get("LOGIN_NAME", "")).lower(), said.get("PASSWORD")) != ("test", PASSWORD):
                return "390100", "Incorrect username or password was specified."
    return None


def is_signed(token: str) -> bool:
    """Whether a token is signed by the private key of the public one that the test user has."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if not KEY.exists():
        return False
    key = load_pem_public_key(KEY.read_bytes())
    assert isinstance(key, rsa.RSAPublicKey)
    signed, _, signature = token.rpartition(".")
    try:
        key.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


async def login(request: Request) -> JSONResponse:
    """Let in who may come, and no other."""
    raw = await request.body()
    text = gzip.decompress(raw) if request.headers.get("Content-Encoding") == "gzip" else raw
    if wrong := fault_of_login(json.loads(text)["data"]):
        code, message = wrong
        return JSONResponse({"data": {}, "code": code, "message": message, "success": False, "headers": None})
    answer = json.loads(bytes((await server.login_request(request)).body))
    answer["data"] |= {"masterToken": answer["data"]["token"], "validityInSeconds": 3600, "sessionId": 1}
    answer["data"]["masterValidityInSeconds"] = 14400
    return JSONResponse(answer)


def known(fault: Exception) -> errors.Error:
    """What DuckDB raises as an error of Snowflake."""
    first = str(fault).partition("\n")[0]
    if isinstance(fault, duckdb.ConstraintException):
        number = 100072 if "NOT NULL" in first else 100038
        return errors.ProgrammingError(msg=first, errno=number, sqlstate="22000")
    return errors.ProgrammingError(msg=f"fakesnow: {type(fault).__name__}: {first}", errno=2000, sqlstate="0A000")


execute = FakeSnowflakeCursor.execute


def guarded(self: Any, *given: Any, **named: Any) -> Any:
    try:
        return execute(self, *given, **named)
    except errors.Error:
        raise
    except Exception as fault:
        raise known(fault) from fault


run = FakeSnowflakeCursor._execute
DEFINES = (exp.Alter, exp.Comment, exp.Create, exp.Drop)


def defining(self: Any, transformed: Any, params: Any = None) -> None:
    if isinstance(transformed, DEFINES) or transformed.args.get("table_comment"):
        if getattr(self._conn, "is_open", False):
            self._duck_conn.commit()
            self._conn.is_open = False
    elif isinstance(transformed, exp.Transaction):
        self._conn.is_open = True
    elif isinstance(transformed, exp.Commit | exp.Rollback):
        self._conn.is_open = False
    temporary = self._duck_conn.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    for each in transformed.find_all(exp.Table):
        if (each.name,) in temporary or (each.parent_select is None and transformed.find(exp.TemporaryProperty)):
            each.set("db", None)
            each.set("catalog", None)
    described = {}
    if isinstance(transformed, exp.Create):
        for column in transformed.find_all(exp.ColumnDef):
            if found := column.find(exp.CommentColumnConstraint):
                described[column.name] = found.this.this
                found.parent.pop()
    run(self, transformed, params)
    table = transformed.find(exp.Table) if described or isinstance(transformed, exp.Alter) else None
    if table is None:
        return
    path = (table.catalog or self._conn.database, table.db or self._conn.schema, table.name)
    other = self._duck_conn.cursor()
    for name, text in described.items():
        quoted = ".".join('"' + each.replace('"', '""') + '"' for each in (*path, name))
        other.execute(f"COMMENT ON COLUMN {quoted} IS '{text.replace(chr(39), chr(39) * 2)}'")
    for action in transformed.args.get("actions") or ():
        if isinstance(action, exp.AlterRename):
            other.execute(
                "UPDATE _fs_global._fs_information_schema._fs_tables_ext SET ext_table_name = ? WHERE"
                " ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?",
                [action.this.name, *path],
            )


describe = FakeSnowflakeCursor._describe_last_sql


def described(self: Any) -> Any:
    try:
        return describe(self)
    except (errors.Error, duckdb.Error):
        names = self._arrow_table.column_names if self._arrow_table is not None else []
        return [(name, "VARCHAR", "YES", None, None, None) for name in names]


copy = fakesnow.copy_into.copy_into


def copied(connection: Any, database: Any, schema: Any, *given: Any) -> str:
    sql: str = copy(connection, database, schema or "PUBLIC", *given)
    return sql


columns_of = fakesnow.copy_into._get_table_columns


def columns(table: Any, connection: Any, *where: Any) -> list[str]:
    found = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = 'temp' AND table_name = ?", [table.name]
    ).fetchall()
    return [name for (name,) in found] or columns_of(table, connection, *where)


struct = fakesnow.arrow.timestamp_to_sf_struct


def nullable(values: pa.ChunkedArray) -> pa.Array:
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    made = struct(whole)
    made = made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    parts = [made.field(number) for number in range(made.type.num_fields)]
    return pa.StructArray.from_arrays(parts, fields=list(made.type), mask=pc.is_null(whole))


insert_comment = fakesnow.info_schema.insert_table_comment_sql


def commented(catalog: str, schema: str, table: str, comment: str) -> str:
    named = [each.replace("'", "''") for each in (catalog, schema, table, comment or "")]
    sql: str = insert_comment(*named)
    return sql


show = fakesnow.transforms.show_keys


def keys(expression: Any, database: str | None, *, kind: Any) -> Any:
    if isinstance(expression, exp.Show) and expression.args.get("scope_kind") == "DATABASE":
        expression.set("scope_kind", None)
        return show(expression, expression.args["scope"].name, kind=kind)
    return show(expression, database, kind=kind)


tables = fakesnow.info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW
tables.template = tables.template.replace("'BASE TABLE' AS", "tables.kind AS").replace(
    "from duckdb_tables tables",
    "from (select database_name, schema_name, table_name, estimated_size, 'BASE TABLE' as kind from duckdb_tables"
    " union all select database_name, schema_name, view_name, 0, 'VIEW' from duckdb_views where not internal) tables",
)
FakeSnowflakeCursor.execute = guarded
FakeSnowflakeCursor._execute = defining
FakeSnowflakeCursor._describe_last_sql = described
fakesnow.copy_into._get_table_columns = columns
fakesnow.cursor.copy_into = copied
fakesnow.arrow.timestamp_to_sf_struct = nullable
fakesnow.transforms.show_keys = keys
fakesnow.info_schema.insert_table_comment_sql = commented
for number, route in enumerate(server.routes):
    if route.path == "/session/v1/login-request":
        server.routes[number] = Route(route.path, login, methods=["POST"])
uvicorn.run(Starlette(routes=server.routes), host="127.0.0.1", port=PORT, log_level="warning", access_log=False)
