"""The log of a container as it comes, in blocks of any size."""

from __future__ import annotations

from collections.abc import Iterator

from datakit_iac.executors.kubernetes.log import CUT, LONGEST, lines


class Stream:
    """An answer of the API server, of these blocks."""

    def __init__(self, *blocks: bytes) -> None:
        self._blocks = blocks

    def stream(self, size: int, *, decode_content: bool) -> Iterator[bytes]:
        yield from self._blocks


def test_lines_come_whole_whatever_the_blocks_are() -> None:
    assert [*lines(Stream(b"T1 a\nT2", b" b", b"\n", b"T3 c\nT4 d"))] == [b"T1 a", b"T2 b", b"T3 c", b"T4 d"]


def test_a_line_that_does_not_end_is_cut() -> None:
    block = b"x" * (1 << 16)
    long, after = lines(Stream(*[block] * (2 * LONGEST // len(block)), b"x\nT2 b"))
    assert (len(long), long.endswith(b"x" + CUT), after) == (LONGEST + len(CUT), True, b"T2 b")
