"""The sandbox as an ordinary user builds it, and what happens where it cannot be built."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder
from autograder.assignment import find_assignment, load_assignment
from autograder.assignment.build import build
from autograder.environments import load_environment
from autograder.errors import MemoryExceeded, SandboxError
from autograder.sandbox import policy
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.users import UserLease
from tests.autograder.sandbox.as_user import FIRST_SUBORDINATE, SUBORDINATES, USER
from tests.autograder.sandbox.conftest import MakeProbe
from tests.autograder.sandbox.processes import descendants_of, parents

PROJECT = Path(autograder.__file__).parent.parent
COPIES = 3
START = "import sys; from autograder.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Return a folder that everybody may write to, with the solved notebook in it."""
    with tempfile.TemporaryDirectory(prefix="autograder-test-") as name:
        folder = Path(name)
        build(load_assignment(find_assignment("xor")), folder, solution=True)
        folder.chmod(0o777)
        (folder / "xor.ipynb").chmod(0o644)
        for number in range(1, COPIES):
            shutil.copy(folder / "xor.ipynb", folder / f"copy-{number}.ipynb")
        yield folder


def _run(home: Path, *options: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    kernel = load_environment("numpy")
    needed = [PROJECT, Path(sys.prefix), Path(sys.base_prefix), kernel.folder, home]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": str(PROJECT),
        "AUTOGRADER_KERNEL_VENV": str(kernel.folder),
    }
    helper = [
        sys.executable,
        "-m",
        "tests.autograder.sandbox.as_user",
        *options,
        *map(str, needed),
        "--",
    ]
    return subprocess.run(
        [*helper, *command],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _grade(home: Path, *options: str, copies: int = 1) -> subprocess.CompletedProcess[str]:
    report = home / "report.json"
    notebooks = [str(home / "xor.ipynb"), *map(str, sorted(home.glob("copy-*.ipynb")))][:copies]
    command = [sys.executable, "-c", START, "grade", str(PROJECT / "assignments" / "xor")]
    return _run(home, *options, command=[*command, *notebooks, "--json", str(report)])


def test_an_ordinary_user_grades(home: Path) -> None:
    """Without any right of root's, the solved notebook is graded in the same sandbox."""
    who = _run(home, command=["id", "-u"])
    assert who.stdout.strip() not in ("", "0")
    run = _grade(home)
    assert run.returncode == 0, run.stderr
    report = json.loads((home / "report.json").read_text())
    assert report["score"] == report["max_score"] - 2


def test_an_ordinary_user_confines_staffs_tests(home: Path) -> None:
    """What a hidden test may not reach, it does not reach either if the grader is not root's."""
    tests = PROJECT / "tests" / "autograder" / "examiner" / "test_staff_code.py"
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={home / 'pytest'}",
        f"--rootdir={PROJECT}",
    ]
    run = _run(home, command=[sys.executable, "-m", "pytest", *options, str(tests)])
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can close a file to another user")
def test_bytecode_of_another_user_is_not_needed(home: Path) -> None:
    """The portal, which lets nobody read what it writes, may have compiled the program."""
    package = home / "program" / "autograder"
    shutil.copytree(PROJECT / "autograder", package, ignore=shutil.ignore_patterns("*.pyc"))
    compiled = package / "sandbox/runtime/__pycache__" / f"linux.{sys.implementation.cache_tag}.pyc"
    compiled.parent.mkdir(exist_ok=True)
    compiled.touch(0o600)
    copy = (
        f"import sys; sys.path.insert(0, {str(package.parent)!r}); from pathlib import Path; "
        "from autograder.sandbox.bubblewrap import copy_runtime; "
        f"copy_runtime(Path({str(home / 'runtime')!r}))"
    )
    run = _run(home, command=[sys.executable, "-c", copy])
    assert run.returncode == 0, run.stderr
    assert (home / "runtime/autograder/sandbox/runtime/linux.py").is_file()


@pytest.mark.parametrize("most", [0, 1])
def test_without_user_namespaces_grading_refuses(home: Path, most: int) -> None:
    """Exit code 3, the reason once, and how to allow it; no notebook is run without a sandbox."""
    run = _grade(home, f"--user-namespaces={most}", copies=COPIES)
    assert run.returncode == 3, run.stdout + run.stderr
    assert "namespace" in run.stderr
    assert run.stderr.count("internal error") == 1
    assert "max_user_namespaces" in run.stderr


def test_without_namespaces_for_kernels_grading_refuses(home: Path) -> None:
    """Where bubblewrap gets its own, and no kernel one, that is told without our own code."""
    run = _grade(home, "--user-namespaces=4")
    assert run.returncode == 3, run.stdout + run.stderr
    assert "clone: No space left on device" in run.stderr
    assert "max_user_namespaces" in run.stderr
    assert "Traceback" not in run.stderr


LOOK = """
from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer
from tests.autograder.sandbox.test_users import kernel_owners

with ForkServer(load_environment("numpy")) as fork_server:
    with Probe(fork_server.fork_kernel(), Limits()), Probe(fork_server.fork_kernel(), Limits()):
        print(fork_server.users_for_kernels(), *kernel_owners(fork_server), fork_server.owner())
"""


def kernel_owners(fork_server: ForkServer) -> list[int]:
    """Return the users of all kernels' processes, guardians among them, as the host sees them."""
    tree = parents()
    pids = descendants_of(fork_server._process.pid)
    # Guardians are the children of the fork server, which is the child of bubblewrap's own.
    users = {pid: _user(pid) for pid in pids if tree.get(tree.get(tree[pid], 0)) in pids}
    return sorted(set(users.values()))


def _user(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nUid:")[2].split()[0])


def test_each_kernel_has_a_user_of_its_own(fork_server: ForkServer, make_probe: MakeProbe) -> None:
    """No two kernels are of one user, nor any of the fork server's."""
    if fork_server.users_for_kernels() == 0:
        pytest.skip("this machine gives this user no others: see test_without_subordinate_users")
    probes = [make_probe(), make_probe(), make_probe()]
    owners = kernel_owners(fork_server)
    assert len(owners) == len(probes)
    assert fork_server.owner() not in owners


HOLD_IN_FLIGHT = """
import os, socket

ends = []


def hold():
    count = 0
    try:
        while count < 3000:
            if count % 200 == 0:
                ends.append(socket.socketpair())
                ends[-1][0].setblocking(False)
            socket.send_fds(ends[-1][0], [b"x"], [0])
            count += 1
    except OSError as error:
        return error.errno
    return 0


def send_one():
    pair = socket.socketpair()
    socket.send_fds(pair[0], [b"x"], [0])
    return len(socket.recv_fds(pair[1], 1, 1)[1])
"""


def test_descriptors_in_flight_are_each_kernels_own(
    fork_server: ForkServer, make_probe: MakeProbe
) -> None:
    """Linux counts them by user: one kernel's do not take those of another."""
    if fork_server.users_for_kernels() == 0:
        pytest.skip("this machine gives this user no others: see test_without_subordinate_users")
    first, second = make_probe(), make_probe()
    for probe in (first, second):
        probe.run(HOLD_IN_FLIGHT)
    # Its guardian may end it before it has reached the user's own bound.
    with contextlib.suppress(MemoryExceeded):
        assert first.call("hold") == errno.ETOOMANYREFS
    assert second.call("send_one") == 1
    if first.kernel.poll() is not None:
        pytest.skip("the first kernel was ended before the second one could be compared with it")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give another user subordinate ids")
def test_an_ordinary_user_has_subordinate_users(home: Path) -> None:
    """With a range in /etc/subuid each kernel has a user of that range, and grading works."""
    run = _run(home, "--subordinate", command=[sys.executable, "-c", LOOK])
    count, *owners, owner = map(int, run.stdout.split())
    assert count == SUBORDINATES, run.stderr
    assert len(owners) == 2
    assert all(FIRST_SUBORDINATE <= each < FIRST_SUBORDINATE + count for each in owners)
    assert owner == USER
    graded = _grade(home, "--subordinate")
    assert graded.returncode == 0, graded.stderr


def test_without_subordinate_users(home: Path) -> None:
    """Without a range all kernels have the operator's user, and the fork server says so."""
    run = _run(home, command=[sys.executable, "-c", LOOK])
    count, *owners, owner = map(int, run.stdout.split())
    assert (count, owners) == (0, [owner]), run.stderr


def test_users_are_leased_one_by_one() -> None:
    """A user is held by one kernel until that gives it back; when none is left, it is said."""
    users = policy.KernelUsers(3_000_000_000, 2)
    first, second = UserLease(users), UserLease(users)
    assert {first.number, second.number} == {0, 1}
    with pytest.raises(SandboxError, match="all 2 users"):
        UserLease(users)
    first.close()
    third = UserLease(users)
    assert third.number == first.number
    second.close()
    third.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_root_drops_to_an_ordinary_user(fork_server: ForkServer) -> None:
    """Started as root, no process of the sandbox belongs to root."""
    assert fork_server.owner() == policy.ROOT_DROPS_TO_UID


def test_a_broken_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that cannot be imported stops the start, and its name is in the message."""
    folder = load_environment("numpy").folder
    (tmp_path / "broken.toml").write_text(f'folder = "{folder}"\npreload = ["no_such_module"]\n')
    monkeypatch.setenv("AUTOGRADER_ENVIRONMENTS", str(tmp_path))
    fork_server = ForkServer(load_environment("broken"))
    for _ in range(2):
        with pytest.raises(SandboxError, match="no_such_module"):
            fork_server.fork_kernel()
    assert not fork_server.alive()
