"""How the host and a kernel find each other."""

from __future__ import annotations

import asyncio

from autograder.assignment import Assignment
from autograder.environments import load_environment
from autograder.kernels.client import WELCOME_SECONDS, connect, first_output
from autograder.kernels.pool import KernelPool


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
            client.close()

    try:
        asyncio.run(lose_the_welcome())
    finally:
        kernel.kill()
        pool.close()
