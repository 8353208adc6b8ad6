"""
The one decoder of bytes that student code wrote, and the encoder on the other side.

This file is used on both sides of the wall: the grader imports it, and the sandbox binds it, alone,
beside the runtime. It therefore imports nothing of the package.

A message is a value: one tag byte, then what the tag says. Containers hold values. There is no
pickle, no class lookup and no code; what the decoder returns is built from the types listed in
`Wire`'s tags and nothing else. Whatever the bytes are, `decode` returns or raises `WireError`, and
it allocates no more than a small multiple of their number, which the reader of the frame bounds.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np

MAX_FRAME_BYTES: Final = 64 * 2**20
MAX_DEPTH: Final = 64
MAX_ITEMS: Final = 1_000_000
MAX_HASHED_ITEMS: Final = 10_000
MAX_INTEGER_BYTES: Final = 1024
MAX_NDIM: Final = 32
ARRAY_KINDS: Final = frozenset("biufcUS")
BIT_GENERATORS: Final = frozenset({"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"})
MERSENNE_WORDS: Final = 624
_STATE_CAPS: Final = {
    "state": 2**128,
    "inc": 2**128,
    "has_uint32": 2,
    "uinteger": 2**32,
    "pos": MERSENNE_WORDS + 1,
    "buffer_pos": 5,
}

_U32 = struct.Struct("<I")
_FRAME_HEADER: Final = struct.Struct("<IQ")
HEADER_BYTES: Final = _FRAME_HEADER.size
NUMBER_BITS: Final = 64
_I64 = struct.Struct("<q")
_U64 = struct.Struct("<Q")
_F64 = struct.Struct("<d")


class WireError(Exception):
    """These bytes are no value, or this value cannot be sent."""


class TooLarge(WireError):
    """The value exceeds a cap on size, depth or number of items."""


class Unsendable(WireError):
    """The object is not plain data."""


@dataclass(frozen=True)
class Handle:
    """
    An object that stays on its own side of the wall.

    Args:
        kind: ``"reference"`` for an object of the kernel, ``"callback"`` for a function of the
            grader's.
        number: Its number in the table of the side that owns it.
        label: The name of its type, for people.
    """

    kind: str
    number: int
    label: str = ""


@dataclass(frozen=True)
class GeneratorState:
    """The state of a `numpy.random.Generator`: its bit generator's name and plain state."""

    bit_generator: str
    state: dict[str, Any]

    @classmethod
    def of(cls, generator: np.random.Generator) -> GeneratorState:
        """
        Take the state of a generator.

        Raises:
            Unsendable: If the bit generator is none of NumPy's own.
        """
        name = type(generator.bit_generator).__name__
        if name not in BIT_GENERATORS:
            raise Unsendable(f"bit generator {name}")
        return cls(name, dict(generator.bit_generator.state))

    def apply(self, generator: np.random.Generator) -> None:
        """
        Set a generator to this state.

        Raises:
            WireError: If it is no state of the generator's kind.
        """
        if type(generator.bit_generator).__name__ != self.bit_generator:
            raise WireError("state of another bit generator")
        # Untrusted: NumPy reads past its memory at a position that it does not check.
        if not _has_form(self.state, _state_pattern(self.bit_generator)):
            raise WireError("not a state of this bit generator")
        generator.bit_generator.state = self.state

    def restore(self) -> np.random.Generator:
        """
        Make a generator with this state.

        Raises:
            WireError: If the name or the state is none of NumPy's own.
        """
        if self.bit_generator not in BIT_GENERATORS:
            raise WireError("unknown bit generator")
        generator = np.random.Generator(getattr(np.random, self.bit_generator)())
        self.apply(generator)
        return generator


@functools.cache
def _state_pattern(bit_generator: str) -> dict[str, Any]:
    """Give a state of a bit generator, from which the form of all of them is read."""
    return dict(getattr(np.random, bit_generator)(0).state)


def _has_form(state: object, pattern: object, key: str = "") -> bool:
    """Tell whether a part of a generator's state has the form of the same part of another."""
    if isinstance(pattern, dict):
        return (
            isinstance(state, dict)
            and state.keys() == pattern.keys()
            and all(_has_form(state[key], pattern[key], key) for key in pattern)
        )
    if isinstance(pattern, np.ndarray):
        return (
            isinstance(state, np.ndarray)
            and (state.dtype, state.shape) == (pattern.dtype, pattern.shape)
            # The Mersenne twister never leaves zero; draws that reject would not end.
            and (len(state) < MERSENNE_WORDS or bool(state[0] >> 31 or state[1:].any()))
        )
    if isinstance(pattern, str):
        return type(state) is str and state == pattern
    # A PCG with an even increment has short periods, of length 1 even.
    return type(state) is int and 0 <= state < _STATE_CAPS[key] and (key != "inc" or state % 2 == 1)


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


def _plain_container(value: object) -> tuple[object, ...] | list[object] | dict[Any, Any] | None:
    """Give what a named tuple, or another kind of tuple, list or dict, holds; else ``None``."""
    kind = type(value)
    # The base class is asked, whatever the subclass would answer.
    if issubclass(kind, tuple):
        return tuple.__getitem__(cast("tuple[object, ...]", value), slice(None))
    if issubclass(kind, list):
        return list.__getitem__(cast("list[object]", value), slice(None))
    if issubclass(kind, dict):
        return dict.copy(cast("dict[Any, Any]", value))
    return None


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

    def encode(self, value: object) -> bytes:
        """
        Encode one value.

        Raises:
            TooLarge: If it exceeds a cap.
            Unsendable: If it holds an object that is not plain data and has no handle.
        """
        self._parts, self._size, self._items, self.generators = [], 0, 0, []
        self._hashed = 0
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
            self._put(b"i", _I64.pack(value))
            return
        length = value.bit_length() // 8 + 1
        if length > MAX_INTEGER_BYTES:
            raise TooLarge("integer has too many digits")
        self._put(b"I", _U32.pack(length), value.to_bytes(length, "little", signed=True))

    def _float(self, value: float, _: int) -> None:
        self._put(b"d", _F64.pack(value))

    def _complex(self, value: complex, _: int) -> None:
        self._put(b"c", _F64.pack(value.real), _F64.pack(value.imag))

    def _str(self, value: str, _: int) -> None:
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            raise Unsendable("text with a lone surrogate") from error
        self._put(b"s", _U32.pack(len(data)), data)

    def _bytes(self, value: bytes, _: int) -> None:
        self._put(b"b", _U32.pack(len(value)), value)

    def _sequence(self, tag: bytes, values: Any, depth: int) -> None:
        self._put(tag, _U32.pack(len(values)))
        for item in values:
            self._value(item, depth + 1)

    def _list(self, value: list[object], depth: int) -> None:
        self._sequence(b"l", value, depth)

    def _tuple(self, value: tuple[object, ...], depth: int) -> None:
        self._sequence(b"t", value, depth)

    def _hashable(self, value: object, depth: int) -> None:
        if not _is_plain_key(value):
            raise Unsendable(f"{type(value).__name__} as a key or in a set")
        before = self._items
        self._value(value, depth)
        self._hashed = _hashed(self._hashed, self._items - before)

    def _hashables(self, tag: bytes, values: Any, depth: int) -> None:
        self._put(tag, _U32.pack(len(values)))
        for item in values:
            self._hashable(item, depth + 1)

    def _set(self, value: set[object], depth: int) -> None:
        self._hashables(b"e", value, depth)

    def _frozenset(self, value: frozenset[object], depth: int) -> None:
        self._hashables(b"z", value, depth)

    def _dict(self, value: dict[object, object], depth: int) -> None:
        self._put(b"m", _U32.pack(len(value)))
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
        self._put(kind, _U64.pack(value.number), _U32.pack(len(label)), label)

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
    if value.dtype.kind == "U" and not _is_text(value):
        raise Unsendable("text with a lone surrogate")
    return value.astype(value.dtype.newbyteorder("<"), copy=False)


def _is_text(value: np.ndarray[Any, Any]) -> bool:
    """Tell whether an array of kind U holds nothing but characters."""
    codes = np.ascontiguousarray(value).reshape(-1).view(f"{value.dtype.byteorder}u4")
    return not bool(((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any())


def _dtype_and_shape(value: np.ndarray[Any, Any], shape: tuple[int, ...]) -> tuple[bytes, ...]:
    name = f"{value.dtype.kind}{value.dtype.itemsize}".encode()
    lengths = b"".join(_U64.pack(length) for length in shape)
    return (bytes([len(name)]), name, bytes([len(shape)]), lengths)


_WRITERS: Final[dict[type, Callable[[Encoder, Any, int], None]]] = {
    type(None): Encoder._none,
    bool: Encoder._bool,
    int: Encoder._int,
    float: Encoder._float,
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

    def decode(self, data: bytes | bytearray | memoryview) -> Any:
        """
        Decode one value.

        Raises:
            WireError: If the bytes are not exactly one value within the caps.
        """
        # Untrusted: `data` was written by student code.
        if len(data) > MAX_FRAME_BYTES:
            raise TooLarge("frame is too large")
        self._data, self._at, self._items, self._hashed = memoryview(data), 0, 0, 0
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
        return int(_U32.unpack(self._take(4))[0])

    def _value(self, depth: int) -> Any:
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise TooLarge("value is nested too deep or has too many items")
        read = _READERS.get(self._take(1)[0])
        if read is None:
            raise WireError("unknown tag")
        return read(self, depth)

    def _int64(self, _: int) -> int:
        return int(_I64.unpack(self._take(8))[0])

    def _long(self, _: int) -> int:
        length = self._u32()
        if length > MAX_INTEGER_BYTES:
            raise TooLarge("integer has too many digits")
        return int.from_bytes(self._take(length), "little", signed=True)

    def _float(self, _: int) -> float:
        return float(_F64.unpack(self._take(8))[0])

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
        self._hashed = _hashed(self._hashed, self._items - before)
        if not _is_plain_key(key):
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
        number = int(_U64.unpack(self._take(8))[0])
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
        return tuple(int(_U64.unpack(self._take(8))[0]) for _ in range(ndim))

    def _array(self, _: int) -> np.ndarray[Any, Any]:
        dtype, shape = self._dtype(), self._shape()
        # An empty array may name huge other axes, whose product NumPy cannot hold.
        if any(length > MAX_FRAME_BYTES for length in shape):
            raise TooLarge("array is too large")
        data = self._take(math.prod(shape) * dtype.itemsize)
        if not data:
            return np.zeros(shape, dtype)
        array = np.frombuffer(data, dtype).reshape(shape)
        if dtype.kind == "b" and bool((array.view(np.uint8) > 1).any()):
            raise WireError("not a truth value")
        if dtype.kind == "U" and not _is_text(array):
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


def _hashed(count: int, more: int) -> int:
    """Add to the number of hashed items; many with one hash would take quadratic time."""
    if count + more > MAX_HASHED_ITEMS:
        raise TooLarge("too many keys")
    return count + more


def _is_plain_key(key: object) -> bool:
    if type(key) in (tuple, frozenset):
        return all(map(_is_plain_key, key))  # type: ignore[call-overload]  # mypy sees no exact type
    if isinstance(key, np.generic):
        return key.dtype.kind in ARRAY_KINDS
    return type(key) in _PLAIN_KEYS


_PLAIN_KEYS: Final = (type(None), bool, int, float, complex, str, bytes)


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
