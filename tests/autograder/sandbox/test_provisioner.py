"""The sandbox as a Jupyter kernel, for programs that know nothing of it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

from autograder.sandbox import provisioner
from autograder.sandbox.provisioner import SandboxProvisioner
from tests.autograder.conftest import as_bytes

KERNEL = "autograder-numpy"
LOOK_AROUND = """
import json, os, socket
facts = {"uid": os.getuid(), "home": os.path.expanduser("~"), "secret": os.environ.get("SECRET")}
facts["root"] = os.path.exists(%r)
for family in ("AF_UNIX", "AF_INET", "AF_INET6"):
    try:
        socket.socket(getattr(socket, family)).close()
        facts[family] = True
    except OSError:
        facts[family] = False
try:
    open("/etc/written", "w")
    facts["writes"] = True
except OSError:
    facts["writes"] = False
with open("mine.txt", "w") as file:
    file.write("scratch")
facts["scratch"] = open("mine.txt").read()
print(json.dumps(facts))
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def provisioned() -> Iterator[None]:
    """Start what all kernels of a Jupyter program come from before a test is watched."""
    provisioner._fork_servers.get("numpy").wait_until_warm()
    yield
    provisioner._fork_servers.close()


def test_nbconvert(tmp_path: Path) -> None:
    """Nbconvert runs a notebook in the sandbox, which has no network, secret or file of ours."""
    cells = [("code", LOOK_AROUND % str(ROOT)), ("code", "import numpy; print(numpy.arange(3))")]
    (tmp_path / "look.ipynb").write_bytes(as_bytes(cells))
    options = ["--to", "notebook", "--execute", "--stdout"]
    result = subprocess.run(
        [
            str(Path(sys.executable).parent / "jupyter"),
            *("nbconvert", *options, f"--ExecutePreprocessor.kernel_name={KERNEL}", "look.ipynb"),
        ],
        cwd=tmp_path,
        env=os.environ | {"SECRET": "of the host"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    first, second = json.loads(result.stdout)["cells"]
    facts = json.loads("".join(first["outputs"][0]["text"]))
    assert facts == {
        "uid": 1000,
        "home": "/home/student",
        "secret": None,
        "root": False,
        "AF_UNIX": True,
        "AF_INET": False,
        "AF_INET6": False,
        "writes": False,
        "scratch": "scratch",
    }
    assert "[0 1 2]" in "".join(second["outputs"][0]["text"])
    assert not (tmp_path / "mine.txt").exists()


@asynccontextmanager
async def running_kernel() -> AsyncIterator[tuple[AsyncKernelManager, AsyncKernelClient]]:
    """Start a kernel by jupyter_client, as any Jupyter program does."""
    manager = AsyncKernelManager(kernel_name=KERNEL)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        # jupyter_client closes its sockets only with the context.
        manager.context.destroy(linger=0)


async def execute(client: AsyncKernelClient, source: str) -> dict[str, Any]:
    """Run a line, and give the reply's content."""
    reply = await client.execute_interactive(source, timeout=30, output_hook=lambda _: None)
    content: dict[str, Any] = reply["content"]
    return content


def test_kernel_manager() -> None:
    """jupyter_client starts, interrupts, restarts and ends a kernel in the sandbox."""

    async def scenario() -> None:
        async with running_kernel() as (manager, client):
            assert isinstance(manager.provisioner, SandboxProvisioner)
            assert manager.provisioner.has_process
            assert (await execute(client, "x = 1"))["status"] == "ok"
            endless = asyncio.ensure_future(execute(client, "while True: pass"))
            await asyncio.sleep(1)
            await manager.interrupt_kernel()
            assert (await endless)["ename"] == "KeyboardInterrupt"
            assert (await execute(client, "x"))["status"] == "ok"
            client.stop_channels()
            await manager.restart_kernel()
            fresh = manager.client()
            fresh.start_channels()
            await fresh.wait_for_ready(timeout=60)
            assert (await execute(fresh, "x"))["ename"] == "NameError"
            assert await manager.is_alive()
            fresh.stop_channels()
        assert not await manager.is_alive()

    asyncio.run(scenario())


def test_kernel_that_ends_itself() -> None:
    """A kernel whose code ends the process is noticed, with its exit status."""

    async def scenario() -> None:
        async with running_kernel() as (manager, client):
            provisioner = manager.provisioner
            assert provisioner is not None
            client.execute("import os; os._exit(5)")
            for _ in range(200):
                if (status := await provisioner.poll()) is not None:
                    break
                await asyncio.sleep(0.05)
            assert status == 5
            assert not await manager.is_alive()

    asyncio.run(scenario())


@pytest.mark.parametrize("graceful", [True, False])
def test_shutdown(*, graceful: bool) -> None:
    """A kernel ends when it is asked to, and at once when it is not asked."""

    async def scenario() -> None:
        manager = AsyncKernelManager(kernel_name=KERNEL)
        await manager.start_kernel()
        assert manager.provisioner is not None
        await manager.shutdown_kernel(now=not graceful)
        assert not await manager.is_alive()
        manager.context.destroy(linger=0)

    asyncio.run(scenario())
