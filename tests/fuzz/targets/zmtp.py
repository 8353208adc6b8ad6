"""Any bytes, however cut, are messages within their bounds, then silence or a `ZmtpError`."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.kernels import zmtp

MAX_BYTES = 2048
IS_JSON = False
_MAX_MESSAGE_BYTES = 1024
_HANDSHAKE = zmtp._GREETING + zmtp._ready("ROUTER")


def seeds() -> Iterator[bytes]:
    """Return short and long frames, of one part and of several, and a whole conversation."""
    parts = [zmtp._frame(1, b"a"), zmtp._frame(1, bytes(300)), zmtp._frame(0, b"")]
    yield b"\x00" + b"".join(parts)
    yield b"\x03" + b"".join(parts * 3)
    yield b"\x00" + zmtp._frame(1, b"") * 257
    yield b"\x00" + zmtp._frame(4, b"\x05ERROR")
    yield b"\x80" + _HANDSHAKE + b"".join(parts)
    yield b"\x87" + _HANDSHAKE


def check(data: bytes) -> None:
    """Read all at once, and in pieces of the length that the first byte says."""
    first, stream = data[:1], data[1:]
    settings = first[0] if first else 0
    # With the highest bit the handshake, too, is what the input says.
    if settings < 128:
        stream = _HANDSHAKE + stream
    size = settings % 128 + 1
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert _messages(pieces) == _messages([stream])


def _messages(pieces: list[bytes]) -> tuple[list[list[bytes]], str]:
    reader = zmtp.MessageReader(_MAX_MESSAGE_BYTES)
    found: list[list[bytes]] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (message := reader.next_message()) is not None:
                assert 0 < len(message) <= zmtp.MAX_PARTS
                assert sum(map(len, message)) <= _MAX_MESSAGE_BYTES
                found.append(message)
    except zmtp.ZmtpError as error:
        return found, str(error)
    return found, ""
