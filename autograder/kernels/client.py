"""How the host and one kernel speak: Jupyter's messages, within bounds."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import re
from typing import Any, Final

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import Session

from autograder.errors import SandboxError
from autograder.kernels.zmtp import Connection, ZmtpError
from autograder.limits import MEGABYTE, Limits
from autograder.sandbox.kernel_process import KernelProcess

CONNECT_SECONDS: Final = 30.0
WELCOME_SECONDS: Final = 0.5
MAX_VALUES: Final = 100_000
"""Of a message: its values in memory take up to a hundred times their bytes."""
# A text that does not end is one up to the message's end, or each quote in it would begin anew.
_TEXT: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


def _values(part: bytes) -> int:
    """Count the commas and opening brackets of JSON, those in its texts left out."""
    count = sum(map(part.count, (b",", b"[", b"{")))
    if count > MAX_VALUES:
        part = _TEXT.sub(b"", part)
        count = sum(map(part.count, (b",", b"[", b"{")))
    return count


class Channel:
    """
    One of a kernel's channels, as `jupyter_client` has them.

    Args:
        connection: To the kernel's socket.
        session: Signs and unpacks messages.
    """

    def __init__(self, connection: Connection, session: Session) -> None:
        self.connection = connection
        self._session = session

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # noqa: ASYNC109  # nbclient calls it so
        """
        Wait for a message.

        Raises:
            queue.Empty: If none comes within `timeout` seconds.
        """
        # Untrusted: student code knows the kernel's key, so every message may be its own.
        try:
            async with asyncio.timeout(timeout):
                parts = await self.connection.receive()
                while sum(map(_values, parts)) > MAX_VALUES:
                    self.connection.refuse()
                    parts = await self.connection.receive()
        except TimeoutError:
            raise queue.Empty from None
        _, message = self._session.feed_identities(parts)
        return dict(self._session.deserialize(message))

    def send(self, message: dict[str, Any]) -> None:
        """Send a message that the session has made."""
        self.connection.send(self._session.serialize(message))


class KernelClient(AsyncKernelClient):
    """
    A client of one kernel's shell and output; it has no other channel.

    Student code can replace a socket's file by a link to another socket, so each is connected to
    once, before the first cell.

    Args:
        session: Signs and unpacks messages.
        shell: Where cells are sent.
        output: Where the kernel tells what comes of them.
    """

    def __init__(self, session: Session, shell: Connection, output: Connection) -> None:
        super().__init__(session=session)
        self.allow_stdin = False
        self._shell, self._output = shell, output
        self._shell_channel = Channel(shell, session)
        self._iopub_channel = Channel(output, session)

    @property
    def received_bytes(self) -> int:
        """How much output has arrived."""
        return self._output.received_bytes

    def cut_off(self) -> bool:
        """Return whether a connection has ended: the kernel has, or sent what it must not."""
        return self._shell.ended or self._output.ended

    def refused(self) -> bool:
        """Return whether we ended it, because of a message over the limit or malformed."""
        return self._shell.refused or self._output.refused

    def close(self) -> None:
        """End both connections."""
        self._shell.close()
        self._output.close()


async def connect(kernel: KernelProcess, limits: Limits) -> KernelClient:
    """
    Return a client whose subscription the kernel has heard.

    Raises:
        SandboxError: If it does not answer.
    """
    with contextlib.ExitStack() as opened:
        shell = await open_socket(kernel, "shell_port", "DEALER", limits)
        opened.callback(shell.close)
        output = await open_socket(kernel, "iopub_port", "SUB", limits)
        opened.callback(output.close)
        client = KernelClient(session_of(kernel), shell, output)
        try:
            await asyncio.wait_for(first_output(client), CONNECT_SECONDS)
        except TimeoutError:
            raise SandboxError("a new kernel did not answer") from None
        opened.pop_all()
    return client


async def open_socket(kernel: KernelProcess, port: str, kind: str, limits: Limits) -> Connection:
    """
    Connect to a kernel's socket, by its name in the connection file.

    Raises:
        SandboxError: If it does not answer.
    """
    path = f"{kernel.connection['ip']}-{kernel.connection[port]}"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await Connection.open(path, kind, limits.message_mb * MEGABYTE)
    except (TimeoutError, OSError, ZmtpError) as error:
        raise SandboxError("a new kernel did not answer") from error


def session_of(kernel: KernelProcess) -> Session:
    """Return what signs messages to a kernel."""
    return Session(key=kernel.connection["key"].encode())


async def first_output(client: KernelClient) -> None:
    """
    Wait for the first message on the output channel: the kernel has heard the subscription.

    ipykernel welcomes a subscriber, but not always: if it is sending its own first message when
    the subscription comes, the socket's edge-triggered event is spent on that, and nothing looks
    at the subscription (once in 2,000 kernels on a busy machine). Any request makes it speak.
    """
    output = asyncio.ensure_future(client.iopub_channel.get_msg())
    try:
        while not (await asyncio.wait({output}, timeout=WELCOME_SECONDS))[0]:
            client.kernel_info()
        await output
    finally:
        output.cancel()
