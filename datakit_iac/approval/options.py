"""The options of the engine that runs this program: on its command line, since the engine itself does not tell them.

Some have an update do other things than its plan says: those are refused where people must agree. Others say what looks
on, and are passed to the preview that the update is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit_iac.findings.finding import Finding
from datakit_iac.toolchain import commandline
from datakit_iac.toolchain import policy_pack as policypack

_WHOLE: Final = "a plan is applied as a whole"
_REPLACES: Final = "what a plan does not replace is not replaced"
_REFUSED: Final = {
    "refresh": "an update that finds drift on its way does more than its plan; `pulumi refresh` first, then plan",
    "target": _WHOLE,
    "exclude": _WHOLE,
    "replace": _REPLACES,
    "target-replace": _REPLACES,
}
_SHORT: Final = {"t": "target", "r": "refresh"}
_WITH_VALUE: Final = "scmpt"
"""Letters of the engine's options that take the rest of their word for a value."""


@dataclass(frozen=True, slots=True)
class Options:
    """The words of an engine's command line.

    Attributes:
        words: the words; none where they cannot be seen.
        folder: its working directory.
    """

    words: Sequence[str]
    folder: Path

    def objections(self) -> Iterator[Finding]:
        """An error for each option that would have an update do something else than its plan."""
        for name in dict.fromkeys(self._names()):
            if name in _REFUSED:
                yield Finding(code="unapproved-option", message=f"--{name}: {_REFUSED[name]}", hint="leave it out")

    @property
    def packs(self) -> tuple[str, ...]:
        """The policy packs that look on, and their configurations, as the engine takes them."""
        return tuple(
            f"--{name}={(self.folder / path).resolve()}"
            for name in ("policy-pack", "policy-pack-config")
            for path in self._values(name)
        )

    @property
    def is_packed(self) -> bool:
        """Whether our own policy pack looks on."""
        return f"--policy-pack={policypack.FOLDER.resolve()}" in self.packs

    def _names(self) -> Iterator[str]:
        for word in self.words:
            name, _, value = word.lstrip("-").partition("=")
            if value.lower() in ("false", "f", "0"):
                continue
            if word.startswith("--"):
                yield name
            elif word.startswith("-"):
                yield from _letters(name)

    def _values(self, name: str) -> Iterator[str]:
        for word, following in zip(self.words, [*self.words[1:], ""], strict=True):
            if word == f"--{name}":
                yield from following.split(",")
            elif word.startswith(f"--{name}="):
                yield from word.partition("=")[2].split(",")


def of_engine() -> Options:
    """Those of the engine that runs this program; without words where its process cannot be seen."""
    found = commandline.of_engine()
    return Options(found.words, found.folder)


def _letters(word: str) -> Iterator[str]:
    """The options of a word such as `-yr`, up to the first that takes the rest for its value."""
    for letter in word:
        yield _SHORT.get(letter, letter)
        if letter in _WITH_VALUE:
            return
