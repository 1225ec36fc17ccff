"""A guess at which columns hold personal data, by their names alone."""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

_PERSONAL: Final = frozenset(
    {
        "email", "mail", "phone", "mobile", "fax", "birthday", "birthdate", "dob", "ssn", "passport", "iban", "address",
        "street", "zip", "postcode", "surname", "lastname", "firstname", "fullname", "username", "nickname", "gender",
        "salary", "latitude", "longitude", "ip",
    }
)  # fmt: skip
"""Words that make a column personal wherever they are in its name."""

_PAIRS: Final = frozenset(
    {
        ("first", "name"), ("last", "name"), ("full", "name"), ("family", "name"), ("given", "name"), ("user", "name"),
        ("birth", "date"), ("date", "birth"), ("postal", "code"), ("zip", "code"), ("credit", "card"),
        ("card", "number"), ("tax", "id"), ("social", "security"), ("national", "id"), ("account", "holder"),
    }
)  # fmt: skip
"""Words that do so together, whatever is between them."""


def is_suspected(column: str) -> bool:
    """Whether a column's name is one that personal data often has.

    >>> [is_suspected(name) for name in ("email", "billingAddress", "date_of_birth", "id", "product_name")]
    [True, True, True, False, False]
    """
    words = [word.lower() for word in _PARTS.findall(column)]
    return not _PERSONAL.isdisjoint(words) or any(
        (first, second) in _PAIRS for index, first in enumerate(words) for second in words[index + 1 :]
    )
