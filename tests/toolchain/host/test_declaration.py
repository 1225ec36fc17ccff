"""Declarations of imported resources, of what the engine writes about them."""

from __future__ import annotations

import ast
import json

import pytest

from datakit_iac.toolchain.host import pcl
from datakit_iac.toolchain.host.declaration import declarations

STORE = """
resource my-warehouse "datakit:index:Store" {
    connection ={
"path" = "data/w.duckdb", "read_only" = true}
    name = "my-warehouse"
    technology = "duckdb"
}
"""
USERS = """
resource users_v2 "datakit:index:DataSet" {
    __logicalName = "users.v2"
    name = "users.v2"
    schema =[{
            name = "id",
            primaryKey = true,
            type = "integer"
        }]
    store ={
        connection ={
"path" = "data/w.duckdb", "read_only" = true},
        technology = "duckdb"
    }
    table = "raw.users"
options {
protect =true
dependsOn = [my-warehouse, other.id]
}
}
"""


def test_a_dataset_is_declared_in_the_store_that_is_imported_with_it() -> None:
    assert declarations(STORE + USERS) == (
        "import pulumi\n"
        "from datakit_iac import Column, DataSet, Store\n"
        "\n"
        "my_warehouse = Store(\n"
        '    "my-warehouse",\n'
        '    technology="duckdb",\n'
        '    connection={"path": "data/w.duckdb", "read_only": True},\n'
        ")\n"
        "users_v2 = DataSet(\n"
        '    "users.v2",\n'
        "    store=my_warehouse,\n"
        '    table="raw.users",\n'
        '    schema=[Column(name="id", type="integer", primary_key=True)],\n'
        "    opts=pulumi.ResourceOptions(protect=True, depends_on=[my_warehouse, other.id]),\n"
        ")\n"
    )


def test_a_store_of_the_program_is_named_in_words() -> None:
    written = declarations(USERS)
    assert '# `w` is the program\'s Store of duckdb with {"path": "data/w.duckdb", "read_only": True}.\n' in written
    assert "    store=w,\n" in written
    ast.parse(declarations(USERS.replace("data/w.duckdb", "/".join(["a folder"] * 20))))


def test_what_cannot_be_declared_is_said() -> None:
    written = declarations('resource logs "aws:s3/bucket:Bucket" { bucket = "logs" }')
    assert '# "logs" (aws:s3/bucket:Bucket) is not declared here' in written


@pytest.mark.parametrize(
    "text",
    [
        "",
        'a"b',
        "C:\\new",
        "\\u0041 \\U0001f600",
        "${x} $${x} $ {",
        "%{if} %%{",
        "a\nb\tc\r",
        "\x07\x7f",
        "é 😀",
        "\u202e",
    ],
)
def test_every_text_comes_back(text: str) -> None:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    escaped = "".join(escapes.get(each, each) if each >= " " else f"\\u{ord(each):04x}" for each in text)
    escaped = "".join(f"\\U{ord(each):08x}" if ord(each) > 0xFFFF else each for each in escaped)
    source = STORE.replace('duckdb"\n', escaped.replace("${", "$${").replace("%{", "%%{") + '"\n')
    written = declarations(source)
    assert written.isascii() or written.replace("\n", "").isprintable()
    (call,) = [each.value for each in ast.parse(written).body if isinstance(each, ast.Assign)]
    assert isinstance(call, ast.Call)
    assert next(ast.literal_eval(each.value) for each in call.keywords if each.arg == "technology") == text


@pytest.mark.parametrize("text", ["resource", 'a { b = "${c}" }', "a { b = }", "a { b = ? }", "a { = 1 }"])
def test_what_is_not_read_is_no_guess(text: str) -> None:
    with pytest.raises(pcl.PclError):
        declarations(text)


def test_secrets_and_numbers_are_read() -> None:
    (block,) = pcl.read('x "y" { # a comment\n a = secret("b") n = -1.5e3 i = 7 z = null }')
    assert block.attributes == {"a": pcl.Call("secret", ["b"]), "n": -1500.0, "i": 7, "z": None}
    assert json.dumps(block.labels) == '["y"]'
