"""The fault of everything that builds images."""

from __future__ import annotations


class ImageError(Exception):
    """An image cannot be made; the text says why.

    Attributes:
        hint: what to do; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)
