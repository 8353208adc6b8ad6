"""Bytes into values, trusting nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from autograder.wire.format import (
    ARRAY_KINDS,
    F64,
    I64,
    MAX_DEPTH,
    MAX_FRAME_BYTES,
    MAX_INTEGER_BYTES,
    MAX_ITEMS,
    MAX_NDIM,
    MAX_STRIDE,
    U32,
    U64,
    Handle,
    TooLarge,
    WireError,
    count_entries,
    count_hashed,
    is_plain_key,
    is_text,
)
from autograder.wire.generator_state import BIT_GENERATORS, GeneratorState


class Decoder:
    """
    Turn bytes into a value, trusting nothing.

    Args:
        resolve: Called with each `Handle`; returns the object that it stands for on this side, or
            raises `WireError`. Without it, handles are returned as they are.
        revive: Called with each `GeneratorState`; returns what takes its place.
    """

    def __init__(
        self,
        resolve: Callable[[Handle], object] | None = None,
        revive: Callable[[GeneratorState], object] | None = None,
    ) -> None:
        self._resolve = resolve
        self._revive = revive
        self._data = memoryview(b"")
        self._at = 0
        self._items = 0
        self._hashed = 0
        self._entries = 0

    def decode(self, data: bytes | bytearray | memoryview) -> Any:
        """
        Decode one value.

        Raises:
            WireError: If the bytes are not exactly one value within the caps.
        """
        # Untrusted: `data` was written by student code.
        if len(data) > MAX_FRAME_BYTES:
            raise TooLarge("frame is too large")
        self._data, self._at = memoryview(data), 0
        self._items = self._hashed = self._entries = 0
        value = self._value(0)
        if self._at != len(self._data):
            raise WireError("bytes after the value")
        return value

    def _take(self, count: int) -> memoryview:
        end = self._at + count
        if end > len(self._data):
            raise WireError("value ends too early")
        part = self._data[self._at : end]
        self._at = end
        return part

    def _u32(self) -> int:
        return int(U32.unpack(self._take(4))[0])

    def _value(self, depth: int) -> Any:
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise TooLarge("value is nested too deep or has too many items")
        read = _READERS.get(self._take(1)[0])
        if read is None:
            raise WireError("unknown tag")
        return read(self, depth)

    def _int64(self, _: int) -> int:
        return int(I64.unpack(self._take(8))[0])

    def _long(self, _: int) -> int:
        length = self._u32()
        if length > MAX_INTEGER_BYTES:
            raise TooLarge("integer has too many digits")
        return int.from_bytes(self._take(length), "little", signed=True)

    def _float(self, _: int) -> float:
        return float(F64.unpack(self._take(8))[0])

    def _complex(self, depth: int) -> complex:
        return complex(self._float(depth), self._float(depth))

    def _text(self) -> str:
        try:
            return str(self._take(self._u32()), "utf-8")
        except UnicodeDecodeError as error:
            raise WireError("text is not UTF-8") from error

    def _str(self, _: int) -> str:
        return self._text()

    def _bytes(self, _: int) -> bytes:
        return bytes(self._take(self._u32()))

    def _count(self) -> int:
        count = self._u32()
        # Each item takes at least one byte, so no list is allocated that the bytes cannot fill.
        if count > len(self._data) - self._at:
            raise WireError("container ends too early")
        return count

    def _list(self, depth: int) -> list[Any]:
        return [self._value(depth + 1) for _ in range(self._count())]

    def _tuple(self, depth: int) -> tuple[Any, ...]:
        return tuple(self._list(depth))

    def _hashable(self, depth: int) -> Any:
        before = self._items
        key = self._value(depth)
        self._hashed = count_hashed(self._hashed, self._items - before)
        if not is_plain_key(key):
            raise WireError("key cannot be hashed")
        return key

    def _set(self, depth: int) -> set[Any]:
        return {self._hashable(depth + 1) for _ in range(self._count())}

    def _frozenset(self, depth: int) -> frozenset[Any]:
        return frozenset(self._set(depth))

    def _dict(self, depth: int) -> dict[Any, Any]:
        result = {}
        for _ in range(self._count()):
            key = self._hashable(depth + 1)
            result[key] = self._value(depth + 1)
        return result

    def _slice(self, depth: int) -> slice:
        return slice(*(self._value(depth + 1) for _ in range(3)))

    def _handle(self, kind: str) -> Any:
        number = int(U64.unpack(self._take(8))[0])
        handle = Handle(kind, number, self._text()[:200])
        return handle if self._resolve is None else self._resolve(handle)

    def _reference(self, _: int) -> Any:
        return self._handle("reference")

    def _callback(self, _: int) -> Any:
        return self._handle("callback")

    def _generator(self, depth: int) -> Any:
        name, state = self._value(depth + 1), self._value(depth + 1)
        if type(name) is not str or name not in BIT_GENERATORS or type(state) is not dict:
            raise WireError("not a generator's state")
        taken = GeneratorState(name, state)
        return taken if self._revive is None else self._revive(taken)

    def _dtype(self) -> np.dtype[Any]:
        name = bytes(self._take(self._take(1)[0]))
        kind, size = name[:1].decode("latin-1"), name[1:]
        if kind not in ARRAY_KINDS or not size.isdigit() or len(size) > 8:
            raise WireError("not a type of number or text")
        # For text NumPy's name counts characters, not bytes.
        width = int(size) // 4 if kind == "U" else int(size)
        try:
            dtype = np.dtype(f"<{kind}{width}")
        except TypeError as error:
            raise WireError("not a type of number or text") from error
        if dtype.itemsize != int(size) or dtype.itemsize == 0 or dtype.char in "gG":
            raise WireError("not a type of number or text")
        return dtype

    def _shape(self) -> tuple[int, ...]:
        ndim = self._take(1)[0]
        if ndim > MAX_NDIM:
            raise WireError("too many axes")
        return tuple(int(U64.unpack(self._take(8))[0]) for _ in range(ndim))

    def _array(self, _: int) -> np.ndarray[Any, Any]:
        dtype, shape = self._dtype(), self._shape()
        # An empty array may name huge other axes, of which NumPy multiplies all but those of zero.
        if math.prod(filter(None, shape)) * dtype.itemsize > MAX_STRIDE:
            raise TooLarge("array is too large")
        self._entries = count_entries(self._entries, math.prod(shape))
        data = self._take(math.prod(shape) * dtype.itemsize)
        if not data:
            return np.zeros(shape, dtype)
        array = np.frombuffer(data, dtype).reshape(shape)
        if dtype.kind == "b" and bool((array.view(np.uint8) > 1).any()):
            raise WireError("not a truth value")
        if dtype.kind == "U" and not is_text(array):
            raise WireError("not a character")
        return array.copy()

    def _scalar(self, depth: int) -> np.generic:
        array = self._array(depth)
        if array.shape != ():
            raise WireError("a scalar has no axes")
        scalar = array[()]
        if not isinstance(scalar, np.generic):
            raise WireError("not a scalar")
        return scalar


_READERS: Final[dict[int, Callable[[Decoder, int], Any]]] = {
    ord("N"): lambda _, __: None,
    ord("T"): lambda _, __: True,
    ord("F"): lambda _, __: False,
    ord("i"): Decoder._int64,
    ord("I"): Decoder._long,
    ord("d"): Decoder._float,
    ord("c"): Decoder._complex,
    ord("s"): Decoder._str,
    ord("b"): Decoder._bytes,
    ord("l"): Decoder._list,
    ord("t"): Decoder._tuple,
    ord("e"): Decoder._set,
    ord("z"): Decoder._frozenset,
    ord("m"): Decoder._dict,
    ord("x"): Decoder._slice,
    ord("r"): Decoder._reference,
    ord("f"): Decoder._callback,
    ord("G"): Decoder._generator,
    ord("g"): Decoder._scalar,
    ord("a"): Decoder._array,
}
