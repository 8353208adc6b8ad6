"""Messages between our own processes: one JSON object a packet, with file descriptors beside it."""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final

MAX_PACKET_BYTES: Final = 1 << 18
MAX_DESCRIPTORS: Final = 4


class PacketError(Exception):
    """What was received is no message."""


class Packets:
    """
    One end of a connection between two processes, of which the other need not be trusted.

    Args:
        sock: A Unix socket that keeps the borders of messages.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_PACKET_BYTES * 2)

    def send(self, message: dict[str, Any], descriptors: list[int] | None = None) -> None:
        """Send one message; raises `OSError` if the other end is gone."""
        socket.send_fds(self.socket, [json.dumps(message).encode()], descriptors or [])

    def receive(self, timeout: float | None = None) -> tuple[dict[str, Any], list[int]]:
        """
        Wait for one message; an empty one once the other end is gone.

        The file descriptors are the caller's to close.

        Raises:
            TimeoutError: If none comes in time.
            PacketError: If what comes is no JSON object, or too long.
        """
        if timeout is not None and not select.select([self.socket], [], [], max(0.0, timeout))[0]:
            raise TimeoutError
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self.socket, MAX_PACKET_BYTES, MAX_DESCRIPTORS
            )
        except ConnectionResetError:
            return {}, []
        try:
            return _object(data) if data else {}, descriptors
        except PacketError:
            close_all(descriptors)
            raise

    def close(self) -> None:
        """Close this end."""
        self.socket.close()


def serve_children(packets: Packets, fork: Callable[[dict[str, Any], list[int]], int]) -> None:
    """
    Fork a child for each job that comes, until the other end is gone.

    Each is answered by a descriptor of the child's process; who has ended is waited for.

    Args:
        packets: The connection that jobs come by.
        fork: Forks the child of a job, with its descriptors, which are closed here; returns its
            number.
    """
    children: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([packets.socket.fileno(), *children], [], [])
        for ended in children.keys() & set(ready):
            os.waitpid(children.pop(ended), 0)
            os.close(ended)
        if packets.socket.fileno() in ready:
            job, descriptors = packets.receive()
            if not job:
                return
            child = fork(job, descriptors)
            close_all(descriptors)
            handle = os.pidfd_open(child)
            children[handle] = child
            packets.send({"started": True}, [handle])


def close_all(descriptors: Iterable[int]) -> None:
    """Close descriptors that nobody wants."""
    for descriptor in descriptors:
        os.close(descriptor)


def _object(data: bytes) -> dict[str, Any]:
    # Untrusted: an examiner's processes run the code of staff.
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PacketError(f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise PacketError("no JSON object")
    return message
