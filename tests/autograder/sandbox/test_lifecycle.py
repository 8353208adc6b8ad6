"""Kernels end, wholly and soon, whoever ends first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import autograder
from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.errors import SandboxError
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer
from tests.autograder.sandbox.conftest import MakeProbe
from tests.autograder.sandbox.processes import descendants_of, parents

# Sessions, orphans, ignored signals and many of them.
SPREAD = """
import os, signal, time

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
"""
GRADER = """
import sys, time
from autograder.environments import load_environment
from autograder.limits import Limits
from autograder.doctor.probe import Probe
from autograder.sandbox.fork_server import ForkServer

fork_server = ForkServer(load_environment("numpy"))
probe = Probe(fork_server.fork_kernel(), Limits())
probe.run(sys.argv[1])
print("ready", fork_server._folder, flush=True)
time.sleep(1000)
"""


def _gone(pids: set[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while pids & parents().keys():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_kill_takes_every_process(fork_server: ForkServer, make_probe: MakeProbe) -> None:
    """Within half a second nothing is left, however the kernel's processes hide."""
    before = descendants_of(os.getpid())
    probe = make_probe()
    probe.run(SPREAD)
    own = descendants_of(os.getpid()) - before
    assert len(own) > 20
    began = time.monotonic()
    probe.close()
    assert time.monotonic() - began < 0.5
    assert _gone(own, 2)
    assert fork_server.alive()


def test_ended_guardians_are_waited_for(make_probe: MakeProbe) -> None:
    """The fork server takes note of them by itself, and not only when it forks the next."""
    before = descendants_of(os.getpid())
    probe = make_probe()
    own = descendants_of(os.getpid()) - before
    probe.close()
    deadline = time.monotonic() + 20
    while remaining := [pid for pid in own if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, remaining
        time.sleep(0.05)


def test_a_kernel_is_killed_before_it_is_made(fork_server: ForkServer) -> None:
    """A kernel that is given up while it is being made ends as well."""
    before = descendants_of(os.getpid())
    kernel = fork_server.fork_kernel()
    kernel.kill()
    time.sleep(0.3)
    assert _gone(descendants_of(os.getpid()) - before, 2)


def test_kernels_end_with_their_grader() -> None:
    """SIGKILL to the grader leaves no process behind after two seconds."""
    grader = subprocess.Popen(
        [sys.executable, "-c", GRADER, SPREAD],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(autograder.__file__).parent.parent)},
    )
    assert grader.stdout is not None
    with grader.stdout:
        word, folder = grader.stdout.readline().split()
    assert word == "ready"
    own = descendants_of(grader.pid)
    assert len(own) > 20
    os.kill(grader.pid, signal.SIGKILL)
    grader.wait()
    assert _gone(own, 2)
    # Nobody was left to remove it.
    subprocess.run(["rm", "-rf", folder], check=True)


def test_close_leaves_nothing() -> None:
    """A fork server that is closed takes its kernels and its folder along."""
    before = descendants_of(os.getpid())
    fork_server = ForkServer(load_environment("numpy"))
    probe = Probe(fork_server.fork_kernel(), Limits())
    probe.run(SPREAD)
    own = descendants_of(os.getpid()) - before
    fork_server.close()
    assert _gone(own, 2)
    assert not fork_server._folder.exists()
    probe.close()


def test_a_dead_fork_server_is_noticed() -> None:
    """Kernels of it cannot be made any more, and the error is ours."""
    fork_server = ForkServer(load_environment("numpy"))
    fork_server.wait_until_warm()
    os.kill(fork_server._process.pid, signal.SIGKILL)
    assert fork_server._process.wait(5) is not None
    with pytest.raises(SandboxError):
        Probe(fork_server.fork_kernel(), Limits())
    assert not fork_server.alive()
    fork_server.close()


def test_the_guardian_is_named_by_a_descriptor(make_probe: MakeProbe) -> None:
    """What ends a kernel is a descriptor of its guardian; a number could come to mean another."""
    probe = make_probe()
    guardian = probe.kernel._guardian
    assert guardian is not None
    assert str(Path(f"/proc/self/fd/{guardian}").readlink()) == "anon_inode:[pidfd]"


def test_the_end_of_a_guardian_is_no_report(make_probe: MakeProbe) -> None:
    """A kernel that goes with its guardian has ended, and nobody has reported how."""
    probe = make_probe()
    guardian = probe.kernel._guardian
    assert guardian is not None
    signal.pidfd_send_signal(guardian, signal.SIGKILL)
    ended = probe.kernel.wait_exit(5)
    assert ended is not None
    assert not ended.reported
