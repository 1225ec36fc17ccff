"""No input, however broken, ends in a traceback; and the fast reader never says anything else than the strict one."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from datakit_iac.checks.references import references
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.connections import connections
from datakit_iac.manifest.loading import yaml_reader
from datakit_iac.manifest.loading.loader import read
from datakit_iac.manifest.loading.strict_yaml import strict_documents
from datakit_iac.pipeline.graph import build
from tests.manifest.test_loading import mutated
from tests.manifest.writing import PROJECT, manifest

ROOT = Path(__file__).parents[2]
CODES = set(re.findall(r"^### `([a-z-]+)`$", (ROOT / "docs/troubleshooting.md").read_text(), re.MULTILINE))
EXAMPLES = sorted(
    text
    for file in (ROOT / "examples").rglob("*.yaml")
    if len(text := file.read_text()) < 3000 and "datakit.infoblox" in text
)
ROWS = manifest(
    "DataSet",
    "rows",
    """
    spec:
      store: warehouse
      table: rows
      schema: [{name: id, type: int, nullable: false}, {name: at, type: timestamp}, {name: tags, type: array<text>}]
      dev: {seed: {inline: [{id: 1, at: 2024-01-31, tags: [a]}, {id: 2}], profiles: {large: {file: rows.csv}}}}
    """,
)
TIMED = manifest(
    "Transform",
    "timed",
    """
    spec:
      runtime: cloudquery
      outputs: [{dataset: rows}]
      trigger: {policy: schedule, schedule: {cron: '*/15 6-18 * * mon-fri', timezone: Europe/Berlin}}
    """,
)
SOUND = [*PROJECT, *EXAMPLES, ROWS, TIMED]
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    3.5,
    "",
    "users",
    "yes",
    "1.0",
    "${VAR}",
    "2024-01-01",
    [],
    {},
    ["a"],
    {"a": {"b": []}},
]
PIECES = [" ", "\n", "\n  ", "- ", ": ", ":", ", ", "#", " #", '"', "'", "|\n", ">-\n", "0", "01", "1_0", "1e3", "0x1"]
PIECES += ["on", "No", "12:30", "2024-01-01", "~", "=", "<<", "---", "\n---\n", "\n...\n", "é", "\x85", "\u2028", "[]"]
PIECES += ["{", "}", "[", "]", "? ", "@", "%", "::", '""', "''", "!a ", "&a ", "*a", "\\", "\t", "\r\n", "null", "Yes"]


def restructured(text: str, chance: random.Random) -> str:
    """A manifest with one to three of its values swapped, doubled, renamed or taken out."""
    document = yaml.load(text.split("---\n")[0], Loader=yaml.CSafeLoader)
    for _ in range(chance.randint(1, 3)):
        spots = list(_spots(document))
        if not spots:
            break
        holder, key = chance.choice(spots)
        match chance.randrange(5):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[str(key) + chance.choice("sx_")] = holder.pop(key)
            case 2:
                holder[key] = copy.deepcopy(chance.choice(spots)[0])
            case 3:
                holder[key] = [holder[key]]
            case _:
                holder[key] = copy.deepcopy(chance.choice(VALUES))
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=None)


def _spots(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document that holds a value."""
    if isinstance(node, (dict, list)):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from _spots(node[key])


def pieced(text: str, chance: random.Random) -> str:
    """A manifest with some pieces of YAML put in the place of others."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text) + 1)
        text = text[:start] + chance.choice(PIECES) + text[start + chance.choice([0, 0, 1, 2, 4]) :]
    return text


def damaged(text: str, chance: random.Random) -> bytes:
    """A manifest's bytes, changed in one of many ways."""
    match chance.randrange(6):
        case 0:
            return text.encode()[: chance.randrange(len(text))]
        case 1:
            content = bytearray(text.encode())
            for _ in range(chance.randint(1, 4)):
                content[chance.randrange(len(content))] = chance.randrange(256)
            return bytes(content)
        case 2 | 3:
            return restructured(text, chance).encode()
        case 4:
            return pieced(text, chance).encode(chance.choice(["utf-8"] * 9 + ["utf-16", "utf-8-sig"]))
        case _:
            return mutated(text, chance).encode()


def is_well_formed(found: Finding) -> bool:
    """Whether a finding says everything a finding says, of a place that is there."""
    if not (found.code in CODES and found.message and found.hint and found.severity in ("error", "warning")):
        return False
    if not found.line:
        return found.code in ("unreadable", "empty-project")
    content = Path(found.file).read_bytes().decode()
    lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", content)
    return found.line <= len(lines) and 1 <= found.column <= len(lines[found.line - 1]) + 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_of_20000_damaged_manifests_none_ends_in_a_traceback(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(1000):
        content = damaged(chance.choice(SOUND), chance)
        (tmp_path / f"{number}.yaml").write_bytes(content)
    project, findings = read(tmp_path)
    found = [*findings, *build(project)[1], *references(project), *connections(project)]
    assert len(found) > 500
    assert [each for each in found if not is_well_formed(each)] == []


def test_the_quick_look_lets_nothing_unusual_pass() -> None:
    chance, unusual = random.Random(11), 0
    pieces = [*"\n\n  -:.,[]{}#'\"&*!<>|?%\\\t\r\x85\u2028\ufeffaé1", "...", "---", "- - - ", "\n---\n", "key: ", "x"]
    for _ in range(60_000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 8))) + "\n"
        found = re.search(yaml_reader._UNUSUAL, text) is not None
        assert yaml_reader._is_unusual(text) == found, repr(text)
        unusual += found
    assert 10_000 < unusual < 59_000


def test_what_the_fast_reader_says_is_what_the_strict_one_says() -> None:
    chance, agreed = random.Random(7), 0
    for _ in range(6000):
        text = pieced(chance.choice(SOUND), chance)
        if (fast := yaml_reader.read_fast(text)) is not None:
            assert repr(fast) == repr(strict_documents(text)), text
            agreed += 1
    assert agreed > 500
