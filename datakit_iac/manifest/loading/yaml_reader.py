"""The documents of a file as plain values, by a fast reader wherever it is certain to agree with the strict one.

The fast reader (`yaml_rs`) knows YAML 1.2 and tells nothing of quotes, the strict one (`StrictLoader`) YAML 1.1: `on`,
`0123`, `1e3` and `2024-01-01` mean different things to them. So what the fast one has read is looked through, and a
file with any value that the two may see differently, or with a fault, is read by the strict one; as is one with
anchors, tags, directives, escapes or texts of several lines. What a manifest means, and where its faults are, is thus
always the strict one's word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from datakit_iac.findings.sensitive import REDACTED, SECTIONS, is_secret_name

_loads: Callable[..., Any] | None
try:
    from yaml_rs import loads as _loads
except ImportError:  # a platform without a build of it: everything works, more slowly
    _loads = None

_LARGEST: Final = 64 * 1024
"""Characters; in longer texts the fast reader could be led so deep into nested blocks that it ends the process."""

_CROWDED: Final = 100
_BRACKETS: Final = r"(?m)^.*[\[\]{}].*$"
_UNUSUAL_IN_BRACKETS: Final = r":[^ ]|[|>?%@`#]|-[ \]},]"
_UNUSUAL: Final = (
    r"(?m)[^\n -~\xa1-\u2027\u2030-\ud7ff\U00010000-\U0010ffff]"  # tabs, carriage returns, marks of byte order
    r"|[&*!][^\s\"']|<<|\\|^(?:%|\.\.\.|---.)|\? |- - - |[|>][-+\d]*[ ]*$|(?:^[ -]*|[{\[,] *):(?:\s|$)"
)
"""As those above and below, compiled once it is needed: that takes as long as to read a hundred files."""
_MAY_BE_UNUSUAL: Final = re.compile(r"[^\n \"-$'-)+-;=@-\[\]-{}~]")
"""Any character that what is unusual begins with or contains; asked first, since it is a sixth of the work."""
_MAY_BE_UNUSUAL_TOO: Final = ("...", "---", "- - ", "\n:", " :", "-:", "{:", "[:", ",:")
_LINE_END: Final = "\r\n|[\n\r\x85\u2028\u2029]"
_SEPARATOR: Final = r"(?m)^---\n"
_ODD_NUMBER: Final = r"(?<![\w.])[-+]?(?:0\w|\d+_)"
_WORDS: Final = frozenset(
    spelling
    for word in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    for spelling in (word, word.title(), word.upper())
) | {"~", "=", "<<"}
_NUMBERS_BEGIN: Final = frozenset("+-.0123456789")
_NUMBER_OR_DATE: Final = r"(?is)[-+]?\.?\d[\d_]*(?:[.:eE][-+.:\d_eE]*)?|[-+]?0[xXoObB]\w*|[-+]?\.(?:inf|nan)|\d{4}-\d.*"
_VERSION: Final = r"\d+\.\d+\.\d+"
_WHOLE: Final = 2**63
_KEY: Final = r"([\w.-]+)[\"']?\s*:"
_QUOTED: Final = r"(?s)(['\"]).*\1"


class BrokenYamlError(Exception):
    """A text is not valid YAML, or none such as is allowed.

    Attributes:
        line: from 1.
        column: from 1.
    """

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(problem)
        self.line, self.column = line, column


def documents(content: bytes) -> list[Any]:
    """Every document of a file.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
        BrokenYamlError: it is not valid YAML, a key occurs twice, a value is none, or it is nested too deep.
    """
    text = content.decode()
    read = read_fast(text)
    return _read_strictly(text) if read is None else read


def _read_strictly(text: str) -> list[Any]:
    import yaml  # late: a project of plain files needs none of it

    from datakit_iac.manifest.loading.strict_yaml import strict_documents

    try:
        return strict_documents(text)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        problem = getattr(fault, "problem", None) or str(fault).partition("\n")[0]
        line, column = _place(mark.line, mark.column, text) if mark else (1, 1)
        if _may_be_secret(text, line):
            problem = re.sub(_QUOTED, REDACTED, problem)
        raise BrokenYamlError(problem, line, column) from fault


def _may_be_secret(text: str, line: int) -> bool:
    """Whether a line, or one that it is below, has the key of a secret: a password may begin with `!` or `*`."""
    *above, own = re.split(_LINE_END, text)[:line]
    names, indent = re.findall(_KEY, own), _indent(own)
    for each in reversed(above):
        if each.strip() and _indent(each) < indent:
            names, indent = names + re.findall(_KEY, each), _indent(each)
    return any(name in SECTIONS or is_secret_name(name) for name in names)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _place(line: int, column: int, text: str) -> tuple[int, int]:
    """Line and column from 1; the end of the text where the parser speaks of the line after it."""
    lines = re.split(_LINE_END, text)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return (line + 1, column + 1) if line < len(lines) else (len(lines), len(lines[-1]) + 1)


def read_fast(text: str) -> list[Any] | None:
    """The documents of a text, where the fast reader is there and the strict one would certainly read the same."""
    if (
        _loads is None
        or len(text) > _LARGEST
        or not text.endswith("\n")
        or _is_unusual(text)
        or not _has_plain_brackets(text)
    ):
        return None
    try:
        read = [_loads(part, parse_datetime=False) for part in (_parts(text) if "---" in text else (text,))]
    except ValueError:
        return None
    return read if {*map(type, read)} == {dict} and _is_certain(read, text) else None


def _parts(text: str) -> list[str]:
    first, *others = re.split(_SEPARATOR, text)
    return others if others and not first.strip() else [first, *others]


def _is_unusual(text: str) -> bool:
    """Whether something is in a text that the two readers may see differently, or one of them not at all."""
    may_be = text[0] == ":" or any(map(text.__contains__, _MAY_BE_UNUSUAL_TOO)) or _MAY_BE_UNUSUAL.search(text)
    return bool(may_be) and re.search(_UNUSUAL, text) is not None


def _has_plain_brackets(text: str) -> bool:
    """Whether brackets are few, each closed on its own line, and nothing between them is read in two ways."""
    if not any(map(text.__contains__, "[]{}")):
        return True
    lines = re.findall(_BRACKETS, text)
    return len(lines) <= _CROWDED and not any(
        line.count("{") != line.count("}")
        or line.count("[") != line.count("]")
        or line.count("{") + line.count("[") > _CROWDED
        or re.search(_UNUSUAL_IN_BRACKETS, line)
        for line in lines
    )


def _is_certain(read: list[Any], text: str) -> bool:
    """Whether no value is of those that the two readers see differently."""
    has_numbers = False
    waiting: list[Any] = [read]
    for node in waiting:
        kind = type(node)
        if kind is str:
            if node in _WORDS or (node[:1] in _NUMBERS_BEGIN and _looks_like_number(node)):
                return False
        elif kind is dict:
            waiting += node
            waiting += node.values()
        elif kind is list:
            waiting += node
        elif kind is int:
            has_numbers = True
            if not -_WHOLE <= node < _WHOLE:
                return False
        elif node is not None and kind is not bool:
            return False
    return not (has_numbers and re.search(_ODD_NUMBER, text))


def _looks_like_number(text: str) -> bool:
    return re.fullmatch(_VERSION, text) is None and re.fullmatch(_NUMBER_OR_DATE, text) is not None
