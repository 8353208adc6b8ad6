"""
Pictures that were pasted into a cell: what they really are, and whether a page shows them.

Untrusted: a name and a type are claims. The first bytes decide which kind of picture it is, and its
own header how large; nothing is decoded.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_BYTES: Final = 5 << 20
MAX_TOTAL_BYTES: Final = 6 << 20
"""Of all pasted pictures that a notebook shows."""
MAX_PIXELS: Final = 25_000_000
MAX_PASTED: Final = 20
"""That one cell's text asks for; whether they can be shown or not, they are looked at."""
_GIF_BLOCKS: Final = 1000
_JPEG_WITHOUT_SIZE: Final = frozenset({0xC4, 0xC8, 0xCC})


@dataclass(frozen=True)
class Picture:
    """
    A picture as its own bytes describe it.

    Args:
        media_type: Of the kind that it is.
        width: In pixels.
        height: In pixels.
    """

    media_type: str
    width: int
    height: int

    @property
    def fits(self) -> bool:
        """Whether a browser can be asked to show it."""
        return 0 < self.width * self.height <= MAX_PIXELS


def pasted(cell: Any, name: str) -> tuple[bytes, Picture] | None:
    """
    Return a picture that was pasted into a cell; ``None`` if it is none that can be shown.

    Args:
        cell: Of the executed notebook.
        name: What its text calls the picture.
    """
    attachments = cell.get("attachments")
    given = attachments.get(name) if isinstance(attachments, dict) else None
    # Untrusted: a type says nothing, so all that there is under the name is looked at.
    for content in given.values() if isinstance(given, dict) else ():
        if not isinstance(content, str) or len(content) > 2 * MAX_BYTES:
            continue
        try:
            data = base64.b64decode("".join(content.split()), validate=True)
        except (binascii.Error, ValueError):
            continue
        picture = picture_of(data) if len(data) <= MAX_BYTES else None
        if picture is not None and picture.fits:
            return data, picture
    return None


def picture_of(data: bytes) -> Picture | None:
    """Return what a picture's bytes say of it; ``None`` if they are no PNG, JPEG, GIF or WebP."""
    for kind in (_png, _gif, _jpeg, _webp):
        found = kind(data)
        if found is not None:
            return found
    return None


def _png(data: bytes) -> Picture | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR" or len(data) < 33:
        return None
    return Picture("image/png", _big(data[16:20]), _big(data[20:24]))


def _gif(data: bytes) -> Picture | None:
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        return None
    place = _first_frame(data)
    if place is None:
        return None
    # Browsers make the canvas larger where the first frame does not fit into it.
    left, top, *frame = (_little(data[n : n + 2]) for n in range(place + 1, place + 9, 2))
    width, height = _little(data[6:8]), _little(data[8:10])
    return Picture("image/gif", max(width, left + frame[0]), max(height, top + frame[1]))


def _first_frame(data: bytes) -> int | None:
    """Return where a GIF describes its first frame: what stands before it has blocks of bytes."""
    flags = data[10]
    place = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(_GIF_BLOCKS):
        if data[place : place + 1] == b"," and len(data) >= place + 10:
            return place
        if data[place : place + 1] != b"!":
            return None
        place = _after_blocks(data, place + 2)
    return None


def _after_blocks(data: bytes, place: int) -> int:
    """Return what follows a GIF's blocks of bytes, or the end where there are too many."""
    for _ in range(_GIF_BLOCKS):
        if place >= len(data):
            break
        length = data[place]
        place += 1 + length
        if not length:
            return place
    return len(data)


def _jpeg(data: bytes) -> Picture | None:
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    for marker, place in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in _JPEG_WITHOUT_SIZE:
            height, width = _big(data[place + 5 : place + 7]), _big(data[place + 7 : place + 9])
            return Picture("image/jpeg", width, height)
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Return each marker of a JPEG before its pixels, and where it stands."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a byte to fill up
            place += 1
            continue
        yield marker, place
        place += 2 + max(2, _big(data[place + 2 : place + 4]))


def _webp(data: bytes) -> Picture | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        size = 1 + _little(data[24:27]), 1 + _little(data[27:30])
    elif kind == b"VP8L" and data[20] == 0x2F:
        bits = _little(data[21:25])
        size = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        size = _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    else:
        return None
    return Picture("image/webp", *size)


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


class PastedPictures:
    """
    The pictures that one cell's text shows, each put in after the cleaning.

    Args:
        cell: Of the executed notebook.
        token: A word that the text does not hold.
        spend: Tells whether so many more bytes of pictures may be shown.
    """

    def __init__(self, cell: Any, token: str, spend: Callable[[int], bool]) -> None:
        self._cell = cell
        self._token = token
        self._spend = spend
        self._shown: list[str] = []
        self._asked = 0

    def placeholder(self, name: str) -> str | None:
        """Return an address to stand for a picture till the cleaning is over."""
        # Untrusted: a text may ask a thousand times for five megabytes that are no picture.
        self._asked += 1
        found = pasted(self._cell, name) if self._asked <= MAX_PASTED else None
        if found is None or not self._spend(len(found[0])):
            return None
        data, picture = found
        self._shown.append(f"data:{picture.media_type};base64,{base64.b64encode(data).decode()}")
        return f"data:image/png;base64,{self._token}{len(self._shown) - 1}x"

    def put_in(self, cleaned: str) -> str:
        """Put the pictures where their placeholders stand."""
        for number, address in enumerate(self._shown):
            cleaned = cleaned.replace(
                f'"data:image/png;base64,{self._token}{number}x"', f'"{address}"'
            )
        return cleaned
