"""How the host and a kernel find each other."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Final

from autograder.assignment import Assignment
from autograder.connection import WELCOME_SECONDS, close_client, connect, first_output
from autograder.environments import load_environment
from autograder.pool import KernelPool


def test_a_kernel_that_never_welcomed_us_is_asked_to_speak(xor: Assignment) -> None:
    """Without a request of ours it would be silent for ever, as after a lost welcome."""
    pool = KernelPool(load_environment("numpy"), spares=0)
    kernel = pool.take()

    async def lose_the_welcome() -> None:
        client = await connect(kernel, xor.limits)
        try:
            # Its own "starting" comes by itself, too; from then on it is silent until asked.
            while True:
                try:
                    async with asyncio.timeout(3 * WELCOME_SECONDS):
                        await client.iopub_channel.get_msg()
                except TimeoutError:
                    break
            await asyncio.wait_for(first_output(client), 10)
        finally:
            close_client(client)

    try:
        asyncio.run(lose_the_welcome())
    finally:
        kernel.kill()
        pool.close()


# libzmq looks for news at every hundredth part that it gives out: here in the midst of a message.
_RECEIVE_FROM_THE_DEAD: Final = """
import sys, time, zmq
from autograder.connection import bound_sockets
from autograder.sandbox.policy import Limits

place = f"ipc://{sys.argv[1]}"
host, kernel = zmq.Context(), zmq.Context()
bound_sockets(host, Limits())
publisher = kernel.socket(zmq.PUB)
publisher.bind(place)
subscriber = host.socket(zmq.SUB)
subscriber.connect(place)
subscriber.subscribe(b"")
time.sleep(0.2)
for _ in range(10):
    publisher.send_multipart([b"part"] * 30)
time.sleep(0.2)
subscriber.recv_multipart()
kernel.destroy(linger=0)
time.sleep(0.2)
received = 1
while subscriber.poll(0) or received < 10:
    received += len(subscriber.recv_multipart(zmq.NOBLOCK)) == 30
host.destroy(linger=0)
print(received)
"""


def test_kernel_that_ends_between_two_parts_of_a_message(tmp_path: Path) -> None:
    """Its last messages arrive, and the host's process lives (libzmq's issue 2163)."""
    ended = subprocess.run(
        [sys.executable, "-c", _RECEIVE_FROM_THE_DEAD, str(tmp_path / "s")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "10"), ended.stderr
