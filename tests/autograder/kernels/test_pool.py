"""What a pool does where no kernel can be had."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.environments import load_environment
from autograder.errors import SandboxError
from autograder.kernels.pool import KernelPool
from autograder.limits import Limits
from autograder.sandbox.policy import KernelUsers
from autograder.sandbox.users import UserLease


@pytest.fixture
def pool() -> Iterator[KernelPool]:
    """A pool that makes no kernel ahead."""
    pool = KernelPool(load_environment("numpy"), spares=0)
    yield pool
    pool.close()


def test_kernels_in_use_outlive_a_request_that_fails(
    pool: KernelPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All users for kernels are in use: whoever asks is told so, and nobody else is disturbed."""
    kernel = pool.take()
    fork_server = pool._warm
    nobody = KernelUsers(2**31, 1)
    lease = UserLease(nobody)
    monkeypatch.setattr(fork_server, "_users", nobody)

    with pytest.raises(SandboxError, match="are in use"):
        pool.take()

    lease.close()
    assert pool._warm is fork_server
    kernel.assign({}, Limits())
    assert kernel.poll() is None
    kernel.kill()
