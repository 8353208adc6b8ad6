"""What both directions share: caps, errors, handles, frames, and what may be hashed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

MAX_FRAME_BYTES: Final = 64 * 2**20
MAX_DEPTH: Final = 64
MAX_ITEMS: Final = 1_000_000
MAX_HASHED_ITEMS: Final = 10_000
MAX_INTEGER_BYTES: Final = 1024
MAX_KEY_INTEGER_BITS: Final = 512
"""Of integers that are hashed: to compare many with one hash takes time by their length."""
MAX_ENTRIES: Final = MAX_FRAME_BYTES // 8
"""Of all arrays of a message: as floats they need no more memory than a frame."""
MAX_NDIM: Final = 32
MAX_STRIDE: Final = 2**60
"""Bytes between two items of an empty array, of which it has none."""
ARRAY_KINDS: Final = frozenset("biufcUS")
U32 = struct.Struct("<I")
_FRAME_HEADER: Final = struct.Struct("<IQ")
HEADER_BYTES: Final = _FRAME_HEADER.size
NUMBER_BITS: Final = 64
I64 = struct.Struct("<q")
U64 = struct.Struct("<Q")
F64 = struct.Struct("<d")

_PLAIN_KEYS: Final = (type(None), bool, float, complex, str, bytes)


class WireError(Exception):
    """These bytes are no value, or this value cannot be sent."""


class TooLarge(WireError):
    """The value exceeds a cap on size, depth or number of items."""


class Unsendable(WireError):
    """The object is not plain data."""


@dataclass(frozen=True)
class Handle:
    """
    An object that stays on its own side of the border.

    Args:
        kind: ``"reference"`` for an object of the kernel, ``"callback"`` for a function of the
            grader's.
        number: Its number in the table of the side that owns it.
        label: The name of its type, for people.
    """

    kind: str
    number: int
    label: str = ""


def frame(body: bytes, number: int) -> bytes:
    """Put length and number before an encoded value; an answer has its request's number."""
    return _FRAME_HEADER.pack(len(body), number) + body


def read_header(header: bytes) -> tuple[int, int]:
    """
    Read the `HEADER_BYTES` before a value: its length and its number.

    Raises:
        TooLarge: If they announce more than a frame may hold.
    """
    length, number = _FRAME_HEADER.unpack(header)
    if length > MAX_FRAME_BYTES:
        raise TooLarge("frame is too large")
    return length, number


def count_hashed(count: int, more: int) -> int:
    """Add to the number of hashed items; many with one hash would take quadratic time."""
    if count + more > MAX_HASHED_ITEMS:
        raise TooLarge("too many keys")
    return count + more


def count_entries(count: int, more: int) -> int:
    """Add to the number of entries in arrays; a byte of each would become a float of eight."""
    if count + more > MAX_ENTRIES:
        raise TooLarge("arrays have too many entries")
    return count + more


def is_plain_key(key: object) -> bool:
    """Return whether a value may be a key or a set's item: hashing it runs no code of others."""
    if type(key) in (tuple, frozenset):
        return all(map(is_plain_key, key))  # type: ignore[call-overload]  # mypy sees no exact type
    if isinstance(key, np.generic):
        return key.dtype.kind in ARRAY_KINDS
    if type(key) is int:
        return key.bit_length() <= MAX_KEY_INTEGER_BITS
    return type(key) in _PLAIN_KEYS


def is_text(value: np.ndarray[Any, Any]) -> bool:
    """Return whether an array of kind U holds nothing but characters."""
    codes = np.ascontiguousarray(value).reshape(-1).view(f"{value.dtype.byteorder}u4")
    return not bool(((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any())
