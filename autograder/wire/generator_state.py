"""The state of a random generator, on its way into the sandbox and out."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from autograder.wire.format import Unsendable, WireError

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
    """Return a state of a bit generator, from which the form of all of them is read."""
    return dict(getattr(np.random, bit_generator)(0).state)


def _has_form(state: object, pattern: object, key: str = "") -> bool:
    """Return whether a part of a generator's state has the form of the same part of another."""
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
