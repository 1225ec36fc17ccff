"""What the counts of all formats have in common: blocks, limits, and faults that name a line."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.limits import RECORD

BLOCK: Final = 1 << 20


def blocks(file: DataFile) -> Iterator[bytes]:
    """The bytes of a file, block after block.

    Raises:
        PluginFault: it cannot be read.
    """
    try:
        with file.path.open("rb") as plain:
            while block := plain.read(BLOCK):
                yield block
    except OSError as fault:
        raise PluginFault(f"{file.shown} cannot be read: {fault.strerror or fault}") from fault


def line(file: DataFile, offset: int) -> int:
    """The line of a byte as it was delivered; only for faults, since it reads the file up to there."""
    lines, left = 1 + bisect_right(file.left_out, offset), offset
    for block in blocks(file):
        part = block[:left]
        # A line ends with \n, \r\n or \r; \r\n across two blocks may count twice, which only a message shows.
        lines += part.count(b"\n") or part.count(b"\r")
        left -= len(part)
        if not left:
            break
    return lines


def changed(file: DataFile) -> PluginFault:
    """A file that somebody wrote meanwhile."""
    return PluginFault(f"{file.shown} was changed while it was read; load it again when it is written")


def too_long(file: DataFile, start: int, found: int, limit: int) -> PluginFault:
    """A record that is longer than the limit."""
    return PluginFault(
        f"{file.shown}, line {line(file, start):,}: the record that begins here has more than {limit:,} bytes"
        f" (at least {found:,}), the most that {RECORD} allows; deliver it with line breaks between records and every"
        f" quote closed, or raise {RECORD} of its Store"
    )
