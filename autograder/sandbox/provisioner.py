"""The sandbox as a kernel provisioner: any Jupyter program can run notebooks in it."""

from __future__ import annotations

import asyncio
import atexit
import signal
import threading
from typing import Any, Final, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Unicode

from autograder.environments import load_environment
from autograder.errors import SandboxError
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.kernel_process import KernelProcess

_POLL_SECONDS: Final = 0.05


class _ForkServers:
    """The fork servers of this Jupyter program, one for each environment, ended with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, ForkServer] = {}
        atexit.register(self.close)

    def get(self, name: str) -> ForkServer:
        with self._lock:
            server = self._by_name.get(name)
            if server is None or not server.alive():
                server = self._by_name[name] = ForkServer(load_environment(name))
            return server

    def close(self) -> None:
        with self._lock:
            for server in self._by_name.values():
                server.close()
            self._by_name.clear()


_fork_servers: Final = _ForkServers()


class SandboxProvisioner(KernelProvisionerBase):
    """Provides kernels that are forked in the sandbox; the kernelspec names the environment."""

    environment_name = Unicode("numpy", help="Which environment's kernels to provide.").tag(
        config=True
    )
    _kernel: KernelProcess | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self._kernel is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Called before launch; the kernel's command and environment are ours, not the caller's."""
        kwargs["cmd"] = list(self.kernel_spec.argv)
        return kwargs

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Called to start the kernel; returns what a client needs to connect."""
        self._kernel = await asyncio.to_thread(self._forked)
        key = self._kernel.connection["key"].encode()
        self.connection_info = cast(KernelConnectionInfo, {**self._kernel.connection, "key": key})
        return self.connection_info

    async def poll(self) -> int | None:
        """Called to learn whether the kernel runs: ``None`` if it does."""
        if self._kernel is None:
            return 0
        ended = self._kernel.poll()
        return None if ended is None else ended.status

    async def wait(self) -> int | None:
        """Called after a shutdown request; returns once the kernel has ended."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(_POLL_SECONDS)
        await self._end()
        return status

    async def send_signal(self, signum: int) -> None:
        """Called to interrupt; other signals than SIGINT end the kernel."""
        if self._kernel is None or signum == 0:
            return
        if signum == signal.SIGINT:
            self._kernel.interrupt()
        else:
            await self._end()

    async def kill(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002  # the base's
        """Called to end the kernel at once."""
        await self._end()

    async def terminate(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002  # the base's
        """Called to end the kernel; there is nothing that it could still save."""
        await self._end()

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002  # the base's
        """Called when the kernel will not be used again."""
        await self._end()

    def _forked(self) -> KernelProcess:
        kernel = _fork_servers.get(self.environment_name).fork_kernel()
        try:
            kernel.wait_bound()
            kernel.assign({}, Limits())
        except SandboxError:
            kernel.kill()
            raise
        return kernel

    async def _end(self) -> None:
        kernel, self._kernel = self._kernel, None
        if kernel is not None:
            await asyncio.to_thread(kernel.kill)
