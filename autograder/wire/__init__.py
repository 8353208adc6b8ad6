"""
The one decoder of bytes that student code wrote, and the encoder on the other side.

This package is used on both sides of the sandbox's border: the grader imports it, and the sandbox
binds it, alone, beside the runtime. It therefore imports nothing else of the project.

A message is a value: one tag byte, then what the tag says. Containers hold values. There is no
pickle, no class lookup and no code; what the decoder returns is built from the types listed in its
table of tags and nothing else. Whatever the bytes are, `Decoder.decode` returns or raises
`WireError`, and it allocates no more than a small multiple of their number, which the reader of the
frame bounds.
"""

from autograder.wire.decoder import Decoder
from autograder.wire.encoder import Encoder
from autograder.wire.format import (
    ARRAY_KINDS,
    HEADER_BYTES,
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_FRAME_BYTES,
    MAX_HASHED_ITEMS,
    MAX_INTEGER_BYTES,
    MAX_ITEMS,
    MAX_KEY_INTEGER_BITS,
    NUMBER_BITS,
    Handle,
    TooLarge,
    Unsendable,
    WireError,
    frame,
    read_header,
)
from autograder.wire.generator_state import BIT_GENERATORS, GeneratorState

__all__ = [
    "ARRAY_KINDS",
    "BIT_GENERATORS",
    "HEADER_BYTES",
    "MAX_DEPTH",
    "MAX_ENTRIES",
    "MAX_FRAME_BYTES",
    "MAX_HASHED_ITEMS",
    "MAX_INTEGER_BYTES",
    "MAX_ITEMS",
    "MAX_KEY_INTEGER_BITS",
    "NUMBER_BITS",
    "Decoder",
    "Encoder",
    "GeneratorState",
    "Handle",
    "TooLarge",
    "Unsendable",
    "WireError",
    "frame",
    "read_header",
]
