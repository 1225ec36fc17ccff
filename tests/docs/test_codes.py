"""The walk over the source finds every code, however it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.codes import codes

KINDS = """
class Fault(NamedTuple):
    code: str
    path: tuple[str, ...]

class Origin:
    def finding(self, code: str, message: str) -> Finding: ...

class Late(Fault):
    reason: str

def find(manifest: Any, code: str) -> None: ...

def leave(code: int) -> None: ...
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Fault('no-plan', ())", {"no-plan"}),
        ("Fault(path=(), code='no-plan')", {"no-plan"}),
        ("Late(code='no-plan', path=(), reason='')", {"no-plan"}),
        ("origin.finding('no-plan', '')", {"no-plan"}),
        ("find(thing, 'no-plan')", {"no-plan"}),
        ("find(thing, 'no-plan' if odd else 'cycle')", {"no-plan", "cycle"}),
        ("said = 'no-plan'\nfind(thing, said)", {"no-plan"}),
        ("replace(found, code='no-plan')", {"no-plan"}),
        ("def pass_on(code: str) -> None:\n    find(thing, code)\npass_on('no-plan')", {"no-plan"}),
        ("find(thing, fault.code)", set()),
        ("leave(2)", set()),
    ],
)
def test_a_code_is_found_however_it_is_given(tmp_path: Path, text: str, told: set[str]) -> None:
    (tmp_path / "kinds.py").write_text(KINDS)
    (tmp_path / "use.py").write_text(f"from {tmp_path.name}.kinds import Fault, Late, find, leave\n{text}\n")
    assert codes(tmp_path) == (told, [])


@pytest.mark.parametrize(
    "text", ["find(thing, chosen())", "find(thing, said)", "Fault(CODES[0], ())", "find(thing, f'{a}-b')"]
)
def test_a_code_that_cannot_be_told_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / "kinds.py").write_text(KINDS)
    (tmp_path / "use.py").write_text(f"from {tmp_path.name}.kinds import Fault, find\n{text}\n")
    assert codes(tmp_path) == (set(), ["use.py:2"])
