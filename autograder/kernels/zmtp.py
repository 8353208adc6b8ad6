"""
The client's end of ZMTP 3.0, the protocol of Jupyter's sockets, for a peer that is not trusted.

libzmq would do for a peer that keeps the rules. It counts the bytes of a message's parts one by one
and gives a message out when its last part is there, so a message without a last part grows it
without bound; and a peer that leaves at the wrong moment aborts its process (issues 2163 and 3442
of libzmq). Here a message has a size and a number of parts that it must keep, nothing is read that
nobody waits for, and no thread and no process-wide state is involved.

Source: RFC 23/ZMTP, https://rfc.zeromq.org/spec/23/, with the mechanism NULL.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final, Self

MAX_PARTS: Final = 256
MAX_COMMAND_BYTES: Final = 1024
_MAX_SHORT_FRAME: Final = 255
_CHUNK_BYTES: Final = 65536

_MORE, _LONG, _COMMAND = 1, 2, 4
_SIGNATURE: Final = b"\xff" + bytes(8) + b"\x7f"
_MECHANISM: Final = b"NULL".ljust(20, b"\0")
# Minor version 0: what subscribes is a message, and nobody asks for signs of life.
_GREETING: Final = _SIGNATURE + b"\x03\x00" + _MECHANISM + bytes(32)
_READY: Final = b"\x05READY"
_SUBSCRIBE_ALL: Final = b"\x01"


class ZmtpError(Exception):
    """The peer does not keep the protocol, or its bounds."""


class MessageReader:
    """
    Takes bytes as they come and gives messages, each within bounds.

    Args:
        max_bytes: What the parts of one message may have together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._size = 0
        self._greeted = False

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._buffer += data

    def greeted(self) -> bool:
        """
        Return whether the peer's greeting and its READY have arrived.

        Raises:
            ZmtpError: If they are no such things.
        """
        if not self._greeted and len(self._buffer) >= len(_GREETING):
            _check_greeting(self._buffer[: len(_GREETING)])
            frame = self._next_frame(MAX_COMMAND_BYTES, start=len(_GREETING))
            if frame is not None:
                _check_ready(*frame)
                self._greeted = True
        return self._greeted

    def next_message(self) -> list[bytes] | None:
        """
        Return the next message's parts, or ``None`` if it has not arrived as a whole.

        Raises:
            ZmtpError: If it breaks a rule or a bound; nothing after it can be read.
        """
        # Untrusted: the kernel's process is the student's, and so is every byte here.
        if not self.greeted():
            return None
        while (frame := self._next_frame(self._max_bytes - self._size)) is not None:
            flags, body = frame
            if flags & _COMMAND:
                raise ZmtpError("a command after the handshake")
            self._parts.append(body)
            self._size += len(body)
            if not flags & _MORE:
                message, self._parts, self._size = self._parts, [], 0
                return message
            if len(self._parts) == MAX_PARTS:
                raise ZmtpError(f"a message of more than {MAX_PARTS} parts")
        return None

    def _next_frame(self, max_bytes: int, start: int = 0) -> tuple[int, bytes] | None:
        """Cut off a frame, and what stands before its start, if it has arrived."""
        header = 9 if self._buffer[start : start + 1] and self._buffer[start] & _LONG else 2
        if len(self._buffer) < start + header:
            return None
        flags = self._buffer[start]
        if flags & ~(_MORE | _LONG | _COMMAND):
            raise ZmtpError("a frame with unknown flags")
        length = int.from_bytes(self._buffer[start + 1 : start + header], "big")
        if length > max_bytes:
            raise ZmtpError(f"more than {max_bytes} bytes")
        end = start + header + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[start + header : end])
        del self._buffer[:end]
        return flags, body


def _check_greeting(greeting: bytearray) -> None:
    # The signature's length field and the filler mean nothing, and so does who is the server.
    if greeting[0] != 0xFF or not greeting[9] & 1 or greeting[10] < 3:
        raise ZmtpError("no greeting of ZMTP 3")
    if greeting[12:32] != _MECHANISM:
        raise ZmtpError("a mechanism other than NULL")


def _check_ready(flags: int, body: bytes) -> None:
    # What kind of socket the peer claims to be changes nothing.
    if flags & ~_LONG != _COMMAND or not body.startswith(_READY):
        raise ZmtpError("no READY after the greeting")


class Connection:
    """
    A connection to one socket of a kernel's. Serves one event loop at a time.

    Args:
        path: The socket's file.
        kind: What we are: ``DEALER``, or ``SUB``, which hears everything.
        max_bytes: What a message may have.

    Raises:
        OSError: If nobody listens there.

    Use `open`: libzmq takes no message before it has sent its own READY.
    """

    def __init__(self, path: str, kind: str, max_bytes: int) -> None:
        self.received_bytes = 0
        self.ended = False
        self.refused = False
        self._reader = MessageReader(max_bytes)
        self._waiters: set[asyncio.Future[None]] = set()
        self._outgoing = bytearray()
        self._gone_out = asyncio.Event()
        self._writing: asyncio.AbstractEventLoop | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)
        self._write(_GREETING + _ready(kind))

    @classmethod
    async def open(cls, path: str, kind: str, max_bytes: int) -> Self:
        """
        Connect, and wait until the peer takes messages.

        Raises:
            OSError: If nobody listens there.
            ZmtpError: If who listens does not speak the protocol.
        """
        connection = cls(path, kind, max_bytes)
        try:
            while not connection._reader.greeted():
                if connection.ended:
                    raise ZmtpError("the peer has gone")
                await connection._readable()
                connection._read()
        except BaseException:
            connection.close()
            raise
        if kind == "SUB":
            connection.send([_SUBSCRIBE_ALL])
        return connection

    async def receive(self) -> list[bytes]:
        """
        Wait for a message. Once the connection has `ended`, none comes.

        Nothing is lost if the wait is cancelled.
        """
        while (message := self._next_message()) is None:
            if self.ended:
                await asyncio.get_running_loop().create_future()
            await self._readable()
            self._read()
        return message

    def send(self, parts: Sequence[bytes]) -> None:
        """Send a message; what the peer does not take at once goes out as it takes it."""
        last = len(parts) - 1
        self._write(b"".join(_frame(_MORE * (n < last), part) for n, part in enumerate(parts)))

    async def flush(self) -> None:
        """Wait until the peer has taken all that was sent, or has gone."""
        await self._gone_out.wait()

    def refuse(self) -> None:
        """End the connection because of what the peer has sent."""
        self.refused = True
        self.close()

    def close(self) -> None:
        """End the connection."""
        self.ended = True
        self._drop_outgoing()
        self._socket.close()

    def _next_message(self) -> list[bytes] | None:
        try:
            return self._reader.next_message()
        except ZmtpError:
            self.refuse()
            return None

    async def _readable(self) -> None:
        loop, descriptor = asyncio.get_running_loop(), self._socket.fileno()
        waiter = loop.create_future()
        self._waiters.add(waiter)
        loop.add_reader(descriptor, self._wake)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            # Whoever was cancelled may leave after another has come.
            if not self._waiters:
                loop.remove_reader(descriptor)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:  # the peer has gone, or we have closed
            data = b""
        self.received_bytes += len(data)
        self._reader.feed(data)
        self.ended = not data

    def _write(self, data: bytes) -> None:
        if not self.ended:
            self._outgoing += data
            self._gone_out.clear()
            self._write_more()

    def _write_more(self) -> None:
        try:
            del self._outgoing[: self._socket.send(self._outgoing)]
        except BlockingIOError:
            pass
        except OSError:  # reading will tell what is left, and then that the peer has gone
            self._outgoing.clear()
        if not self._outgoing:
            self._drop_outgoing()
        elif self._writing is None:
            self._writing = asyncio.get_running_loop()
            self._writing.add_writer(self._socket.fileno(), self._write_more)

    def _drop_outgoing(self) -> None:
        self._outgoing.clear()
        self._gone_out.set()
        if self._writing is not None:
            if not self._writing.is_closed():
                self._writing.remove_writer(self._socket.fileno())
            self._writing = None


def _ready(kind: str) -> bytes:
    name, value = b"Socket-Type", kind.encode()
    metadata = bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value
    return _frame(_COMMAND, _READY + metadata)


def _frame(flags: int, body: bytes) -> bytes:
    if len(body) <= _MAX_SHORT_FRAME:
        return bytes([flags, len(body)]) + body
    return bytes([flags | _LONG]) + len(body).to_bytes(8, "big") + body
