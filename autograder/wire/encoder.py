"""Values into bytes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, cast

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
    U32,
    U64,
    Handle,
    TooLarge,
    Unsendable,
    count_entries,
    count_hashed,
    is_plain_key,
    is_text,
)
from autograder.wire.generator_state import GeneratorState


class Encoder:
    """
    Turn a value into bytes.

    Args:
        handle_for: Called with an object that is not plain data; returns the `Handle` that stands
            for it or a plain array that it can be sent as, or raises `Unsendable`.
        max_bytes: Values that need more raise `TooLarge`.

    Attributes:
        generators: The random generators met in the last value, in order; their states travel.
    """

    def __init__(
        self,
        handle_for: Callable[[object], Handle | np.ndarray[Any, Any]] | None = None,
        *,
        max_bytes: int = MAX_FRAME_BYTES,
    ) -> None:
        self._handle_for = handle_for
        self._max_bytes = max_bytes
        self.generators: list[np.random.Generator] = []
        self._parts: list[bytes] = []
        self._size = 0
        self._items = 0
        self._hashed = 0
        self._entries = 0

    def encode(self, value: object) -> bytes:
        """
        Encode one value.

        Raises:
            TooLarge: If it exceeds a cap.
            Unsendable: If it holds an object that is not plain data and has no handle.
        """
        self._parts, self._size, self._items, self.generators = [], 0, 0, []
        self._hashed = self._entries = 0
        self._value(value, 0)
        return b"".join(self._parts)

    def _put(self, *parts: bytes) -> None:
        self._size += sum(map(len, parts))
        if self._size > self._max_bytes:
            raise TooLarge("value is too large")
        self._parts.extend(parts)

    def _value(self, value: object, depth: int) -> None:
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise TooLarge("value is nested too deep or has too many items")
        # Exact types only: a subclass may answer anything, so it is no plain data itself.
        write = _WRITERS.get(type(value))
        if write is not None:
            write(self, value, depth)
        elif isinstance(value, np.generic):
            self._scalar(value)
        elif isinstance(value, np.ndarray):
            self._array(value)
        elif type(value) is np.random.Generator:
            self.generators.append(value)
            self._generator(GeneratorState.of(value), depth)
        elif (plain := _plain_container(value)) is not None:
            self._value(plain, depth)
        else:
            self._foreign(value)

    def _none(self, _: None, __: int) -> None:
        self._put(b"N")

    def _bool(self, value: bool, _: int) -> None:  # noqa: FBT001  # every writer takes a value
        self._put(b"T" if value else b"F")

    def _int(self, value: int, _: int) -> None:
        if -(2**63) <= value < 2**63:
            self._put(b"i", I64.pack(value))
            return
        length = value.bit_length() // 8 + 1
        if length > MAX_INTEGER_BYTES:
            raise TooLarge("integer has too many digits")
        self._put(b"I", U32.pack(length), value.to_bytes(length, "little", signed=True))

    def _float(self, value: float, _: int) -> None:
        self._put(b"d", F64.pack(value))

    def _fraction(self, value: Fraction | Decimal, depth: int) -> None:
        try:
            self._float(float(value), depth)
        except (OverflowError, ValueError):
            self._foreign(value)

    def _complex(self, value: complex, _: int) -> None:
        self._put(b"c", F64.pack(value.real), F64.pack(value.imag))

    def _str(self, value: str, _: int) -> None:
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            raise Unsendable("text with a lone surrogate") from error
        self._put(b"s", U32.pack(len(data)), data)

    def _bytes(self, value: bytes, _: int) -> None:
        self._put(b"b", U32.pack(len(value)), value)

    def _sequence(self, tag: bytes, values: Any, depth: int) -> None:
        self._put(tag, U32.pack(len(values)))
        for item in values:
            self._value(item, depth + 1)

    def _list(self, value: list[object], depth: int) -> None:
        self._sequence(b"l", value, depth)

    def _tuple(self, value: tuple[object, ...], depth: int) -> None:
        self._sequence(b"t", value, depth)

    def _hashable(self, value: object, depth: int) -> None:
        if not is_plain_key(value):
            raise Unsendable(f"{type(value).__name__} as a key or in a set")
        before = self._items
        self._value(value, depth)
        self._hashed = count_hashed(self._hashed, self._items - before)

    def _hashables(self, tag: bytes, values: Any, depth: int) -> None:
        self._put(tag, U32.pack(len(values)))
        for item in values:
            self._hashable(item, depth + 1)

    def _set(self, value: set[object], depth: int) -> None:
        self._hashables(b"e", value, depth)

    def _frozenset(self, value: frozenset[object], depth: int) -> None:
        self._hashables(b"z", value, depth)

    def _dict(self, value: dict[object, object], depth: int) -> None:
        self._put(b"m", U32.pack(len(value)))
        for key, item in value.items():
            self._hashable(key, depth + 1)
            self._value(item, depth + 1)

    def _slice(self, value: slice, depth: int) -> None:
        self._put(b"x")
        for item in (value.start, value.stop, value.step):
            self._value(item, depth + 1)

    def _handle(self, value: Handle, _: int) -> None:
        label = value.label[:50].encode(errors="replace")
        kind = {"reference": b"r", "callback": b"f"}[value.kind]
        self._put(kind, U64.pack(value.number), U32.pack(len(label)), label)

    def _generator(self, value: GeneratorState, depth: int) -> None:
        self._put(b"G")
        self._value(value.bit_generator, depth + 1)
        self._value(value.state, depth + 1)

    def _scalar(self, value: np.generic) -> None:
        plain = np.asarray(value)
        if plain.dtype.kind not in ARRAY_KINDS:
            self._foreign(value)
            return
        plain = _portable(plain)
        self._put(b"g", *_dtype_and_shape(plain, ()), plain.tobytes())

    def _array(self, value: np.ndarray[Any, Any]) -> None:
        plain = _plain_array(value)
        if plain.dtype.kind not in ARRAY_KINDS:
            self._foreign(value)
            return
        if plain.nbytes > self._max_bytes or plain.ndim > MAX_NDIM:
            raise TooLarge("array is too large")
        if any(length > MAX_FRAME_BYTES for length in plain.shape):
            raise TooLarge("array is too large")
        self._entries = count_entries(self._entries, plain.size)
        plain = _portable(plain)
        self._put(b"a", *_dtype_and_shape(plain, plain.shape), plain.tobytes())

    def _foreign(self, value: object) -> None:
        if self._handle_for is None:
            raise Unsendable(f"{type(value).__name__} is not plain data")
        stand_in = self._handle_for(value)
        if isinstance(stand_in, Handle):
            self._handle(stand_in, 0)
        else:
            self._array(stand_in)


def _plain_container(value: object) -> tuple[object, ...] | list[object] | dict[Any, Any] | None:
    """Return what a named tuple, or another kind of tuple, list or dict, holds; else ``None``."""
    kind = type(value)
    # The base class is asked, whatever the subclass would answer.
    if issubclass(kind, tuple):
        return tuple.__getitem__(cast("tuple[object, ...]", value), slice(None))
    if issubclass(kind, list):
        return list.__getitem__(cast("list[object]", value), slice(None))
    if issubclass(kind, dict):
        return dict.copy(cast("dict[Any, Any]", value))
    return None


def _plain_array(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Strip a subclass; a masked entry is no value, so it arrives as NaN."""
    if isinstance(value, np.ma.MaskedArray):
        if value.dtype.kind in "biufc" and np.ma.is_masked(value):
            wide = complex if value.dtype.kind == "c" else float
            return np.asarray(np.ma.filled(value.astype(wide), np.nan))
        return np.asarray(value.data)
    return value.view(np.ndarray) if type(value) is not np.ndarray else value


def _portable(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Bring an array to little-endian order and to a type that every machine has."""
    if value.dtype.char in "gG":
        with np.errstate(over="ignore"):
            return value.astype(np.complex128 if value.dtype.char == "G" else np.float64)
    if value.dtype.itemsize == 0:
        return value.astype(f"{value.dtype.kind}1")
    if value.dtype.kind == "U" and not is_text(value):
        raise Unsendable("text with a lone surrogate")
    return value.astype(value.dtype.newbyteorder("<"), copy=False)


def _dtype_and_shape(value: np.ndarray[Any, Any], shape: tuple[int, ...]) -> tuple[bytes, ...]:
    name = f"{value.dtype.kind}{value.dtype.itemsize}".encode()
    lengths = b"".join(U64.pack(length) for length in shape)
    return (bytes([len(name)]), name, bytes([len(shape)]), lengths)


_WRITERS: Final[dict[type, Callable[[Encoder, Any, int], None]]] = {
    type(None): Encoder._none,
    bool: Encoder._bool,
    int: Encoder._int,
    float: Encoder._float,
    # Tests compare floats: a number of another kind is as right as the float that it stands for.
    Fraction: Encoder._fraction,
    Decimal: Encoder._fraction,
    complex: Encoder._complex,
    str: Encoder._str,
    bytes: Encoder._bytes,
    list: Encoder._list,
    tuple: Encoder._tuple,
    set: Encoder._set,
    frozenset: Encoder._frozenset,
    dict: Encoder._dict,
    slice: Encoder._slice,
    Handle: Encoder._handle,
    GeneratorState: Encoder._generator,
}
