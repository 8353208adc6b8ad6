"""The sandbox opens under any umask; the portal's lets nobody else read what it makes."""

from __future__ import annotations

import os

from autograder.environments import load_environment
from autograder.sandbox.fork_server import ForkServer


def test_sandbox_opens_under_the_portals_umask() -> None:
    """What runs inside is read by another user, for whom the copies are opened."""
    usual = os.umask(0o077)
    try:
        with ForkServer(load_environment("numpy")) as fork_server:
            fork_server.wait_until_warm()
    finally:
        os.umask(usual)
