"""Any bytes are a value or a `WireError`; a value is encoded and decoded to the same again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from autograder import wire

MAX_BYTES = 2048
IS_JSON = False


def seeds() -> Iterator[bytes]:
    """Return one value of each kind."""
    values: list[Any] = [
        None,
        [True, False, -1, 2**63, -(2**200), 1.5, 2j, "ä", b"\0"],
        {"a": (1, 2), 3: {4}, ("b", None): frozenset({5})},
        slice(1, None, 2),
        np.arange(6.0).reshape(2, 3),
        np.array(["a", "bc"]),
        [np.array([b"a"]), np.bool_(1), np.float32(1), np.array([], "c16")],
        [[[[[]]]]],
    ]
    encoder = wire.Encoder()
    yield from map(encoder.encode, values)
    yield from (
        encoder.encode(np.random.Generator(getattr(np.random, name)(1)))
        for name in sorted(wire.BIT_GENERATORS - {"MT19937"})
    )
    axes = (0, 2**26, 2**26, 2**26)
    yield b"a\x02f8\x04" + b"".join(axis.to_bytes(8, "little") for axis in axes)
    yield b"r" + bytes(8) + b"\x01\x00\x00\x00T"
    yield b"f" + bytes(8) + b"\x01\x00\x00\x00T"


def check(data: bytes) -> None:
    """Decode as the grader does; what comes is plain, and reads the same a second time."""
    decoder = wire.Decoder(None, wire.GeneratorState.restore)
    with suppress(wire.WireError):
        value = decoder.decode(data)
        _draw(value)
        with suppress(wire.Unsendable):  # a handle of the other side
            encoded = wire.Encoder().encode(value)
            again = wire.Encoder().encode(decoder.decode(encoded))
            # Sets come in any order.
            assert sorted(again) == sorted(encoded)


def _draw(value: object) -> None:
    """Draw from a generator: a state that is none would read past the end of its memory."""
    if isinstance(value, np.random.Generator):
        state = wire.GeneratorState.of(value)
        value.random(700)
        value.integers(3, size=9)
        state.apply(value)
