"""How the host and one kernel speak: sockets within bounds, and a client that notices their end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final, cast

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.connect import KernelConnectionInfo
from traitlets import Type

from autograder.errors import SandboxError
from autograder.sandbox.policy import MEGABYTE, Limits
from autograder.sandbox.warm_process import KernelProcess

CONNECT_SECONDS: Final = 30.0
WELCOME_SECONDS: Final = 0.5
_RECEIVE_QUEUE: Final = 16
_NEVER_MS: Final = 24 * 3600 * 1000


class OutputChannel(AsyncZMQSocketChannel):
    """The kernel's output channel, which counts the bytes that arrive and notices its end."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.received_bytes = 0
        # A message over the limit ends the connection, and nothing else tells of it.
        self._monitor = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    def cut_off(self) -> bool:
        """Tell whether the connection has ended."""
        return not self._monitor.closed and bool(int(self._monitor.get(zmq.EVENTS)) & zmq.POLLIN)

    def close(self) -> None:
        """Close the socket and its monitor."""
        if not self._monitor.closed:
            self.socket.disable_monitor()
            self._monitor.close()
        super().close()

    async def _recv(  # type: ignore[override]  # as the class above it does
        self, **kwargs: Any
    ) -> dict[str, Any]:
        # Untrusted: student code knows the kernel's key, so every message may be its own.
        parts = await self.socket.recv_multipart(**kwargs)
        self.received_bytes += sum(map(len, parts))
        _, message = self.session.feed_identities(parts)
        return dict(self.session.deserialize(message))


class _Client(AsyncKernelClient):
    iopub_channel_class = Type(OutputChannel)


def bound_sockets(context: zmq.Context[Any], limits: Limits) -> None:
    """Set what holds for every socket that the context makes from now on."""
    # Student code can replace a socket's file by a link to another socket: connect once only.
    # Not by -1, which does the same by ending the queue of what has arrived: a kernel that dies
    # while the host is between two parts of a message would abort the host's process
    # ("Assertion failed: !_more", https://github.com/zeromq/libzmq/issues/2163).
    context.setsockopt(zmq.RECONNECT_IVL, _NEVER_MS)
    context.setsockopt(zmq.MAXMSGSIZE, limits.message_mb * MEGABYTE)
    context.setsockopt(zmq.RCVHWM, _RECEIVE_QUEUE)
    context.setsockopt(zmq.LINGER, 0)


async def connect(kernel: KernelProcess, limits: Limits) -> AsyncKernelClient:
    """
    Give a client whose subscription the kernel has heard.

    Raises:
        SandboxError: If it does not answer.
    """
    context = zmq.asyncio.Context()
    bound_sockets(context, limits)
    client = _Client(context=context)
    client.load_connection_info(cast(KernelConnectionInfo, dict(kernel.connection)))
    client.start_channels(hb=False, stdin=False)
    client.allow_stdin = False
    try:
        await asyncio.wait_for(first_output(client), CONNECT_SECONDS)
    except TimeoutError:
        close_client(client)
        raise SandboxError("a new kernel did not answer") from None
    return client


async def first_output(client: AsyncKernelClient) -> None:
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


def close_client(client: AsyncKernelClient) -> None:
    """Close a client's sockets, and the context that holds them."""
    context = client.context
    with contextlib.suppress(Exception):
        client.stop_channels()
    context.destroy(linger=0)
