"""Names and addresses of people as they are stored, whatever was typed or exported."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 200
LONGEST_NUMBER: Final = 50
LONGEST_ADDRESS: Final = 254
# What mail programs and spreadsheets split lists at is in no address. Letters beyond ASCII are not
# either: some look like others, and whoever reads an address must know whose it is.
_ADDRESS: Final = re.compile(r"""[!-~]+@[!-~]+\.[!-~]+""")
_IN_NO_ADDRESS: Final = frozenset('@,;<>"')
# They join and part letters of some scripts; everything else that is not seen changes what is.
_JOINERS: Final = "\u200c\u200d"


def clean_text(typed: str) -> str:
    """Return a name, number or section without what nobody can see, one space between words."""
    # Untrusted: a right-to-left override makes the rest of the line read backwards.
    normal = unicodedata.normalize("NFC", typed)
    spaced = " ".join(normal.split())
    return "".join(each for each in spaced if each.isprintable() or each in _JOINERS)


def normalised(email: str) -> str:
    """Return an e-mail address as it is stored."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def is_address(email: str) -> bool:
    """Return whether a text, as it would be stored, can be an e-mail address."""
    name, _, host = email.rpartition("@")
    plain = _IN_NO_ADDRESS.isdisjoint(name + host)
    return plain and len(email) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(email) is not None
