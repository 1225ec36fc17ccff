"""Which texts the fast reader of YAML takes, and which it leaves to the strict one."""

from __future__ import annotations

import pytest

from datakit_iac.manifest.loading.strict_yaml import strict_documents
from datakit_iac.manifest.loading.yaml_reader import read_fast

PLAIN = [
    "name: users\n",
    "---\nname: users\n---\nname: sales\n",
    "list: [a, b]\nmapping: {a: 1, b: true}\n",
    "version: 1.4.2\n",
    "quoted: 'two words'\nempty: ''\nnothing:\n",
    "items:\n  - name: id\n    type: integer\n",
    "number: 12\nnegative: -3\n",
    "accented: Zürich\n",
]
LEFT = {
    "a tab": "name:\tusers\n",
    "a carriage return": "name: users\r\n",
    "a mark of byte order": "\ufeffname: users\n",
    "no end of line": "name: users",
    "an anchor": "a: &x users\nb: 1\n",
    "an alias": "a: *x\n",
    "a tag": "a: !!str 1\n",
    "a merge": "<<: {a: 1}\n",
    "an escape": 'a: "\\t"\n',
    "a directive": "%YAML 1.1\n---\na: 1\n",
    "the end of a document": "a: 1\n...\n",
    "a complex key": "? a\n",
    "lists in lists": "- - - a\n",
    "a text of several lines": "a: |\n  b\n",
    "an empty key": "{: a}\n",
    "a bracket over two lines": "a: [b,\n  c]\n",
    "no space in brackets": "a: {b:c}\n",
    "YAML 1.1's booleans": "a: yes\n",
    "a word that may be one": "a: y\n",
    "a time": "a: 12:30\n",
    "a date": "a: 2024-01-01\n",
    "an octal number": "a: 0123\n",
    "a number with underscores": "a: 1_000\n",
    "a float": "a: 1.5\n",
    "an exponent": "a: 1e3\n",
    "infinity": "a: .inf\n",
    "a large number": f"a: {2**63}\n",
    "no mapping": "- a\n",
    "a fault": "a: [\n",
}


@pytest.mark.parametrize("text", PLAIN)
def test_plain_texts_are_read_fast(text: str) -> None:
    assert read_fast(text) == strict_documents(text)


@pytest.mark.parametrize("text", LEFT.values(), ids=[*LEFT])
def test_what_two_readers_may_see_differently_is_left_to_the_strict_one(text: str) -> None:
    assert read_fast(text) is None
