"""Text that a student chose, such as a file's name or a line of code, as terminals may show it."""

from __future__ import annotations

import json
import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_LINE_ENDS: Final = re.compile("[\n\t\u2028\u2029]+")


def plain(text: str) -> str:
    """Take out what changes how the rest is shown: control characters and marks of direction."""
    # Untrusted: a line of a notebook can hold a terminal's commands or turn the text round.
    return _UNSEEN.sub("", text)


def one_line(text: object) -> str:
    """Return what `plain` leaves, in one line: a file's name must not forge another message."""
    return _LINE_ENDS.sub(" ", plain(str(text)))


def escaped_in_json(document: str) -> str:
    """Write what `plain` would take out as JSON's escapes: the same document, safe to look at."""
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], document)
