"""What a kernel's sockets may send, and what becomes of it; fair peers are libzmq's own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from autograder.kernels.zmtp import (
    MAX_COMMAND_BYTES,
    MAX_PARTS,
    Connection,
    MessageReader,
    ZmtpError,
)

MAX_BYTES = 100_000
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
PROPERTY = b"\x0bSocket-Type" + struct.pack(">I", 6) + b"ROUTER"
MESSAGES = st.lists(st.lists(st.binary(max_size=400), min_size=1, max_size=8), max_size=8)


def frame(flags: int, body: bytes) -> bytes:
    """Return a frame as libzmq writes it."""
    if len(body) < 256:
        return struct.pack(">BB", flags, len(body)) + body
    return struct.pack(">BQ", flags | 2, len(body)) + body


def framed(parts: list[bytes]) -> bytes:
    """Return a message's frames."""
    return b"".join(frame(1, part) for part in parts[:-1]) + frame(0, parts[-1])


READY = frame(4, b"\x05READY" + PROPERTY)


def read_all(data: bytes, cuts: list[int]) -> list[list[bytes]]:
    """Return the messages that arrive in pieces, cut at these places."""
    reader = MessageReader(MAX_BYTES)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    found = []
    for begin, end in itertools.pairwise(places):
        reader.feed(data[begin:end])
        while (message := reader.next_message()) is not None:
            found.append(message)
    return found


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=30))
def test_pieces_make_messages(messages: list[list[bytes]], cuts: list[int]) -> None:
    """However the bytes are cut, the same messages come out."""
    data = GREETING + READY + b"".join(map(framed, messages))
    assert read_all(data, cuts) == messages


@given(MESSAGES, st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6))
def test_mutated_bytes(messages: list[list[bytes]], changes: list[tuple[int, int]]) -> None:
    """Changed bytes give other messages within bounds, or the one error."""
    data = bytearray(GREETING + READY + b"".join(map(framed, messages)))
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(ZmtpError):
        for message in read_all(bytes(data), [50, 70, 90, 300]):
            assert len(message) <= MAX_PARTS
            assert sum(map(len, message)) <= MAX_BYTES


BROKEN = {
    "no signature": b"\x00" * 64,
    "ZMTP 1": b"\x01\x00" + bytes(62),
    "ZMTP 2": b"\xff" + bytes(8) + b"\x7f\x01" + bytes(53),
    "another mechanism": GREETING[:12] + b"PLAIN".ljust(20, b"\0") + bytes(32) + READY,
    "a message for READY": GREETING + frame(0, b"\x05READY" + PROPERTY),
    "READY with more": GREETING + frame(5, b"\x05READY" + PROPERTY),
    "ERROR for READY": GREETING + frame(4, b"\x05ERROR\x03why"),
    "a long READY": GREETING + struct.pack(">BQ", 6, MAX_COMMAND_BYTES + 1),
    "READY twice": GREETING + READY + READY,
    "a command": GREETING + READY + frame(4, b"\x04PING\x00\x00"),
    "a command in a message": GREETING + READY + frame(1, b"a") + frame(4, b"\x04PING\x00\x00"),
    "unknown flags": GREETING + READY + frame(8, b"a"),
    "a long part": GREETING + READY + struct.pack(">BQ", 2, MAX_BYTES + 1),
    "a part of 2^64 - 1 bytes": GREETING + READY + struct.pack(">BQ", 2, 2**64 - 1),
    "long parts": GREETING + READY + frame(1, bytes(60_000)) + struct.pack(">BQ", 2, 60_000),
    "many parts": GREETING + READY + frame(1, b"") * MAX_PARTS,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_rules(data: bytes) -> None:
    """What breaks a rule or a bound is refused as soon as it can be seen, before its bytes come."""
    with pytest.raises(ZmtpError):
        read_all(data, [])


def test_largest_message() -> None:
    """The bounds are what a message may have, and hold for each message anew."""
    parts = [b""] * (MAX_PARTS - 1) + [bytes(MAX_BYTES)]
    assert read_all(GREETING + READY + framed(parts) * 2, []) == [parts, parts]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return where a peer listens."""
    return str(tmp_path / "s")


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    """Return what makes libzmq's sockets, which answer in threads of their own."""
    with zmq.Context() as made:
        made.linger = 0
        yield made


def run(work: Coroutine[Any, Any, object]) -> None:
    """Run a test within time."""
    asyncio.run(asyncio.wait_for(work, 20))


@contextlib.asynccontextmanager
async def connected(path: str, kind: str) -> AsyncIterator[Connection]:
    """Return a connection, and close it."""
    connection = await Connection.open(path, kind, 10 * 2**20)
    try:
        yield connection
    finally:
        connection.close()


def test_router(path: str, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """Messages of all sizes go to a ROUTER and come back."""
    messages = [[b""], [b"a", b"", b"c"], [bytes(255), bytes(256)], [b"x" * 3_000_000, b"y"]]

    async def talk() -> None:
        async with connected(path, "DEALER") as connection:
            for message in messages:
                connection.send(message)
                await asyncio.to_thread(lambda: router.send_multipart(router.recv_multipart()))
                assert await connection.receive() == message

    with context.socket(zmq.ROUTER) as router:
        router.bind(f"ipc://{path}")
        run(talk())


@pytest.mark.parametrize("kind", [zmq.PUB, zmq.XPUB])
def test_publisher(path: str, context: zmq.Context[zmq.Socket[bytes]], kind: int) -> None:
    """A subscriber hears everything, a burst included, and then that the publisher has gone."""

    async def listen() -> None:
        async with connected(path, "SUB") as connection:
            first = asyncio.ensure_future(connection.receive())
            while not first.done():
                publisher.send_multipart([b"are you there?"])
                await asyncio.sleep(0.01)
            burst = [[b"topic", b"%d" % number, bytes(number)] for number in range(500)]
            for message in burst:
                publisher.send_multipart(message)
            heard = [await connection.receive() for _ in burst]
            while heard[0] == [b"are you there?"]:
                heard = [*heard[1:], await connection.receive()]
            assert heard == burst
            publisher.close()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.receive(), 0.5)
            assert connection.ended

    with context.socket(kind) as publisher:
        publisher.bind(f"ipc://{path}")
        run(listen())


@contextlib.contextmanager
def raw_peer(path: str, *pieces: bytes, pause: float = 0.05) -> Iterator[socket.socket]:
    """Listen, and send the pieces to who connects; then give our end, after a moment."""
    accepted: list[socket.socket] = []

    def serve() -> None:
        end, _ = listener.accept()
        accepted.append(end)
        with contextlib.suppress(OSError):
            for piece in pieces:
                end.sendall(piece)
                time.sleep(pause)
            end.shutdown(socket.SHUT_WR)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener
        finally:
            for end in accepted:
                end.close()
            thread.join()


def test_peer_that_leaves_in_the_midst_of_a_message(path: str) -> None:
    """What was whole arrives, and the rest is silence."""

    async def listen() -> None:
        async with connected(path, "SUB") as connection:
            assert await connection.receive() == [b"whole", b"message"]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.receive(), 0.5)
            assert connection.ended

    parts = framed([b"whole", b"message"]) + frame(1, b"the first part of")
    with raw_peer(path, GREETING + READY, parts):
        run(listen())


def test_cancelled_wait_loses_nothing(path: str) -> None:
    """A message that comes in pieces, between waits that end too soon, arrives whole."""
    data = framed([b"first part", b"second part"])

    async def listen() -> None:
        async with connected(path, "SUB") as connection:
            message = None
            while message is None:
                with contextlib.suppress(TimeoutError):
                    message = await asyncio.wait_for(connection.receive(), 0.01)
            assert message == [b"first part", b"second part"]

    with raw_peer(path, GREETING + READY, *(data[n : n + 3] for n in range(0, len(data), 3))):
        run(listen())


def test_cancelled_wait_leaves_others_waiting(path: str) -> None:
    """Who is cancelled takes no message from who came after."""

    async def listen() -> None:
        async with connected(path, "SUB") as connection:
            first, second = (asyncio.ensure_future(connection.receive()) for _ in "ab")
            await asyncio.sleep(0.01)
            first.cancel()
            assert await second == [b"late"]

    with raw_peer(path, GREETING + READY, b"", b"", framed([b"late"])):
        run(listen())


def test_endless_message(path: str) -> None:
    """A message without a last part ends the connection at its bound, and not memory."""

    async def listen() -> None:
        async with connected(path, "SUB") as connection:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.receive(), 1)
            assert connection.ended
            assert connection.received_bytes < 11 * 2**20

    with raw_peer(path, GREETING + READY, *[frame(1, bytes(2**20))] * 30, pause=0):
        run(listen())


@pytest.mark.parametrize("data", [b"", GREETING[:30], GREETING, b"\0" * 64, GREETING + GREETING])
def test_peer_that_speaks_otherwise(path: str, data: bytes) -> None:
    """Who leaves before the handshake has ended, or says other things, is refused."""

    async def open_it() -> None:
        with pytest.raises(ZmtpError):
            await Connection.open(path, "DEALER", MAX_BYTES)

    with raw_peer(path, data):
        run(open_it())


def test_nobody_listens(path: str) -> None:
    """A socket's file that is not there is told."""
    with pytest.raises(FileNotFoundError):
        run(Connection.open(path, "DEALER", MAX_BYTES))


def test_peer_that_takes_nothing(path: str) -> None:
    """A large message to a peer that does not read keeps nobody waiting, and can be given up."""

    async def talk() -> None:
        async with connected(path, "DEALER") as connection:
            connection.send([bytes(5 * 2**20)])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.flush(), 0.3)
        await asyncio.wait_for(connection.flush(), 1)

    with raw_peer(path, GREETING + READY, b"", b"", b"", pause=0.5):
        run(talk())


def test_slow_peer_gets_all(path: str, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """What does not fit into the socket goes out as the peer reads."""
    message = [bytes(8 * 2**20), b"the end"]

    async def talk() -> None:
        async with connected(path, "DEALER") as connection:
            connection.send(message)
            connection.send([b"another"])
            await connection.flush()
            received = await asyncio.to_thread(lambda: [router.recv_multipart() for _ in "ab"])
            assert [parts[1:] for parts in received] == [message, [b"another"]]

    with context.socket(zmq.ROUTER) as router:
        router.bind(f"ipc://{path}")
        run(talk())
