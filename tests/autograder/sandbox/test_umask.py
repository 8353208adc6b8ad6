"""The sandbox opens under any umask; the portal's lets nobody else read what it makes."""

from __future__ import annotations

import os

from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer


def test_sandbox_opens_under_the_portals_umask() -> None:
    """What runs inside is read by another user, for whom the copies are opened."""
    usual = os.umask(0o077)
    try:
        with ForkServer(load_environment("numpy")) as fork_server:
            kernel = fork_server.fork_kernel()
            with Probe(kernel, Limits(), {"data/x": b"1"}) as probe:
                assert probe.evaluate("open('data/x').read()") == "1"
                assert probe.evaluate("__import__('os').umask(0o022)") == 0o022
    finally:
        os.umask(usual)
