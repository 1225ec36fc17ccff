"""Quantities of processors, memory and storage, as Kubernetes writes them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_FORM: Final = r"(\d+(?:\.\d+)?|\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,2})?"
_DECIMAL: Final = {"m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def amount(text: str) -> Decimal:
    """The number that a quantity means: processors, or bytes.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

    >>> amount("500m"), amount("16"), amount("64Ki"), amount("1.5G"), amount("2e3")
    (Decimal('0.500'), Decimal('16'), Decimal('65536'), Decimal('1.5E+9'), Decimal('2E+3'))

    Raises:
        ValueError: the text is not a quantity, or none above zero.
    """
    match = re.fullmatch(_FORM, text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity; expected for instance 500m, 16, 64Gi or 1.5T")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        total = number * Decimal(1024) ** (_BINARY.index(suffix) + 1)
    else:
        total = number.scaleb(_DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:]))
    if total <= 0:
        raise ValueError(f"{text!r} is not above zero")
    return total


def quantity(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it is not a quantity, or none above zero.
    """
    amount(text)
    return text
