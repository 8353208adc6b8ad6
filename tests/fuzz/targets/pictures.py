"""Any bytes are no picture, or one whose kind its first bytes say, and whose size is a number."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

from autograder.render.pictures import picture_of

MAX_BYTES = 4096
IS_JSON = False
_STARTS = {
    "image/png": (b"\x89PNG",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/webp": (b"RIFF",),
}


def seeds() -> Iterator[bytes]:
    """Return the beginning of each kind, and a JPEG of nothing but markers."""
    yield (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII5B", 13, b"IHDR", 7, 5, 8, 2, 0, 0, 0) + bytes(4)
    )
    yield b"GIF89a" + struct.pack("<HH3B", 7, 5, 0, 0, 0)
    comment, frame = b"!\xfe\x02ab\0", b"," + struct.pack("<4HB", 1, 1, 9, 4, 0)
    yield b"GIF89a" + struct.pack("<HH3B", 7, 5, 0x80, 0, 0) + bytes(6) + comment + frame
    yield b"GIF89a" + struct.pack("<HH3B", 7, 5, 0, 0, 0) + b"!\xfe\0" * 1200
    yield b"\xff\xd8\xff\xe0\x00\x04ab" + b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 5, 7)
    yield b"\xff\xd8" + b"\xff" * 4000
    yield b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1000
    yield base64.b64decode("UklGRh4AAABXRUJQVlA4TBEAAAAvBgABAAdQjyLXo/+BiOh/AAA=")
    yield b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + b"\x06\x00\x00\x04\x00\x00" + bytes(4)
    yield b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(7) + b"\x9d\x01\x2a\x07\x00\x05\x00" + bytes(4)


def check(data: bytes) -> None:
    """Look at the bytes; what they say is the same whatever follows them."""
    found = picture_of(data)
    if found is None:
        return
    assert data.startswith(_STARTS[found.media_type])
    assert 0 <= found.width < 2**32
    assert 0 <= found.height < 2**32
    assert picture_of(data + b"\0") == found
