"""What student code finds, tried from inside a kernel."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pyseccomp
import pytest

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.assignment.build import build_student
from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.limits import MEGABYTE, Limits
from autograder.sandbox import policy
from autograder.sandbox.runtime import linux
from autograder.sandbox.runtime.layout import WRITABLE
from tests.autograder.sandbox.conftest import MakeProbe

HELPERS = (Path(__file__).parent / "inside.py").read_text()


@pytest.fixture(scope="module", autouse=True)
def helpers(inside: Probe) -> None:
    """Define what the tests call inside."""
    inside.run(HELPERS)


def _call(inside: Probe, name: str, *arguments: object) -> str:
    return str(
        inside.call(
            "system_call", pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name), *arguments
        )
    )


def test_no_capability_is_left(inside: Probe) -> None:
    """Not one capability in any set, no way to gain one, and a filter on system calls."""
    status = inside.call("status")
    assert {
        status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    } == {"0000000000000000"}
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
    assert status["Uid"].split() == ["1000"] * 4


def test_only_its_own_processes_are_there(inside: Probe) -> None:
    """The guardian, as process 1, and the kernel; nothing of the host's."""
    assert inside.evaluate("sorted(filter(str.isdigit, os.listdir('/proc')))") == ["1", "2"]
    assert inside.evaluate("os.getpid()") == 2


def test_there_is_no_network(inside: Probe) -> None:
    """No interface but the loopback, and no socket of a network can be made."""
    assert set(inside.evaluate("[name for _, name in socket.if_nameindex()]")) <= {"lo"}
    for family in range(50):
        expected = "done" if family in policy.ALLOWED_SOCKET_FAMILIES else "EACCES"
        kind = 3 if family == policy.AF_NETLINK else 1
        assert inside.call("outcome", *_socket(inside, family, kind, 0)) == expected, family


def _socket(inside: Probe, family: int, kind: int, protocol: int) -> tuple[Any, ...]:
    inside.run(f"def make(*_): socket.socket({family}, {kind}, {protocol}).close()")
    return (inside._channel.get("make"),)


def test_netlink_is_for_routes_alone(inside: Probe) -> None:
    """Of the kernel's own sockets only the kind is left that libzmq looks up addresses by."""
    for protocol in range(1, 23):
        (make,) = _socket(inside, policy.AF_NETLINK, 3, protocol)
        assert inside.call("outcome", make) in ("EPERM", "EACCES")


def test_the_environment_is_the_tables(inside: Probe) -> None:
    """No variable of the grader's has come along."""
    names = set(inside.evaluate("list(os.environ)"))
    assert set(policy.ENVIRONMENT) <= names
    assert names <= {*policy.ENVIRONMENT, "PWD", "LC_CTYPE", "AUTOGRADER_DEBUG"} | {
        name
        for name in names
        if name.startswith(
            (
                "JPY_",
                "PYDEVD",
                "TERM",
                "CLICOLOR",
                "FORCE_COLOR",
                "PAGER",
                "GIT_PAGER",
                "MPL",
                "COLUMNS",
                "LINES",
                "NO_COLOR",
            )
        )
    }
    assert os.environ.get("HOME") != inside.evaluate("os.environ['HOME']")


def test_limits_hold_for_good(inside: Probe) -> None:
    """Soft and hard limits are those of the policy; raising them is refused."""
    limits = Limits()
    megabyte = MEGABYTE
    for name, amount in (
        ("DATA", limits.memory_mb * megabyte),
        ("AS", (limits.memory_mb + limits.address_space_extra_mb) * megabyte),
        ("FSIZE", limits.scratch_mb * megabyte),
        ("NPROC", limits.processes),
        ("NOFILE", limits.open_files),
        ("CORE", 0),
    ):
        assert inside.evaluate(f"resource.getrlimit(resource.RLIMIT_{name})") == (amount, amount)
        inside.run(f"def more(): resource.setrlimit(resource.RLIMIT_{name}, (-1, -1))")
        with pytest.raises(ValueError, match=r"exceed|not allowed"):
            inside.call("more")


def test_only_the_scratch_is_writable(inside: Probe) -> None:
    """Every mount is read-only but the kernel's own folders; a process's view of itself aside."""
    mounts = set(inside.call("writable_mounts"))
    assert mounts - {"/proc"} <= set(WRITABLE) - {"/run/kernel"}


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/etc/passwd",
        "/usr/bin/x",
        "/usr/lib/x",
        "/opt/x",
        "/opt/autograder/x",
        "/opt/environment/x",
        "/opt/environment/bin/python",
        "/run/kernel/x",
        "/run/kernel/connection.json",
        "/run/sockets/x",
        "/scratch/x",
        "/dev/x",
        "/run/x",
        "/home/x",
        "/home/student/data.txt",
        "/proc/sys/kernel/hostname",
        "/proc/sys/user/max_user_namespaces",
        "/proc/1/oom_score_adj",
        "/proc/1/mem",
    ],
)
def test_nothing_else_can_be_written(inside: Probe, path: str) -> None:
    """Neither the system, nor the libraries, nor the sockets, nor the guardian."""
    inside.run(f"def attempt(): write({path!r})")
    assert inside.call("outcome", inside._channel.get("attempt")) in ("EROFS", "EACCES", "EPERM")


@pytest.mark.parametrize("path", ["/home/student/x", "/tmp/x", "/dev/shm/x", "/dev/null"])
def test_the_scratch_can_be_written(inside: Probe, path: str) -> None:
    """The home folder, the temporary ones and the null device work as anywhere."""
    inside.run(f"write({path!r})")


@pytest.mark.parametrize("name", sorted(policy.DENIED_SYSTEM_CALLS))
def test_a_denied_call_is_refused(inside: Probe, name: str) -> None:
    """The filter answers before the kernel looks at the arguments."""
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    assert number != -1, "libseccomp does not know this name, so the filter lets the call pass"
    if number < 0:
        pytest.skip("this architecture has no such call")
    assert _call(inside, name, -1, -1, -1, -1, -1, -1) == "EPERM"


def test_new_namespaces_are_refused(inside: Probe) -> None:
    """By no flag of clone, and the call whose flags a filter cannot see is not there."""
    sigchld = 17
    for bit in range(8, 32):
        if (1 << bit) & policy.NAMESPACE_CLONE_FLAGS:
            assert _call(inside, "clone", (1 << bit) | sigchld, 0, 0, 0, 0) == "EPERM"
    assert _call(inside, "clone3", 0, 0) == "ENOSYS"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(("ioctl", (0, request)) for request in policy.DENIED_TERMINAL_REQUESTS),
        *(("fcntl", (0, command)) for command in policy.DENIED_FILE_COMMANDS),
        *(("madvise", (0, 0, advice)) for advice in policy.DENIED_ADVICE),
        *(("prctl", (option, 0)) for option in policy.DENIED_PROCESS_OPTIONS),
        # What Linux would see in these, too: it looks at the lower half.
        ("ioctl", (0, (1 << 32) | 0x5423)),
        ("fcntl", (0, (1 << 32) | 1026)),
        # A thread whose descriptors are not those of its process.
        ("clone", (0x10000 | 0x800 | 0x100, 0, 0, 0, 0)),
    ],
)
def test_a_denied_argument_is_refused(inside: Probe, name: str, arguments: tuple[int, ...]) -> None:
    """These calls are needed, but not with these arguments."""
    assert _call(inside, name, *arguments) == "EPERM"


@pytest.mark.parametrize(("name", "place"), policy.FLAGGED_SENDS.items())
def test_urgent_data_is_refused(inside: Probe, name: str, place: int) -> None:
    """No socket's urgent data is sent or received, whatever other flags are set."""
    arguments = [-1] + [0] * 5
    arguments[place] = policy.MSG_OOB | 0x40
    assert _call(inside, name, *arguments) == "ENOTSUP"


LOCKS = """
import fcntl


def lock(path, mode):
    with open(path, mode) as file:
        for how in (fcntl.LOCK_SH, fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_UN):
            fcntl.flock(file, how)
            if mode != "rb" or how != fcntl.LOCK_EX | fcntl.LOCK_NB:
                fcntl.lockf(file, how)


def record_locks():
    with open("/proc/locks") as file:
        return sum(f" {os.getpid()} " in line for line in file)
"""


@pytest.mark.parametrize(
    ("path", "mode"),
    [("/opt/environment/bin/python", "rb"), ("/usr/lib", None), ("/tmp/own", "wb")],
)
def test_locks_succeed_and_lock_nothing(
    inside: Probe, make_probe: MakeProbe, path: str, mode: str | None
) -> None:
    """A lock is not seen by another kernel, and libraries that ask for one are content."""
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "flock")
    hold = f"held = os.open({path!r}, {'os.O_RDONLY' if mode != 'wb' else 'os.O_CREAT|os.O_RDWR'})"
    inside.run(hold)
    exclusive_at_once = 2 | 4
    inside.run(f"locked = system_call({number}, held, {exclusive_at_once})")
    assert inside.evaluate("locked") == "done"
    other = make_probe()
    other.run(HELPERS)
    other.run(hold)
    other.run(f"locked = system_call({number}, held, {exclusive_at_once})")
    assert other.evaluate("locked") == "done"
    for probe in (inside, other):
        probe.run(LOCKS)
        if mode is not None:
            probe.call("lock", path, mode)
        probe.run("os.close(held)")


def test_libraries_work_without_locks(make_probe: MakeProbe) -> None:
    """A database in a file, written by two connections, one of them with a log beside it."""
    probe = make_probe()
    probe.run(
        """
import sqlite3

for mode in ("delete", "wal"):
    with sqlite3.connect(f"/tmp/{mode}.db") as first, sqlite3.connect(f"/tmp/{mode}.db") as second:
        first.execute(f"pragma journal_mode={mode}")
        first.execute("create table numbers (number)")
        first.execute("insert into numbers values (42)")
        first.commit()
        second.execute("insert into numbers values (43)")
        second.commit()
        rows = first.execute("select sum(number) from numbers").fetchall()
"""
    )
    assert probe.evaluate("rows") == [(85,)]


@pytest.mark.parametrize(
    "option", [7, 8, 32, 33], ids=["SNDBUF", "RCVBUF", "SNDBUFFORCE", "RCVBUFFORCE"]
)
def test_sockets_hold_no_more_than_is_counted(inside: Probe, option: int) -> None:
    """Whoever asks for a larger buffer is told that it has one, and keeps the one that there is."""
    inside.run(
        f"""
import socket

end, _ = socket.socketpair()
before = [end.getsockopt(socket.SOL_SOCKET, each) for each in (7, 8)]
end.setsockopt(socket.SOL_SOCKET, {option}, 2**22)
after = [end.getsockopt(socket.SOL_SOCKET, each) for each in (7, 8)]
"""
    )
    assert inside.evaluate("before") == inside.evaluate("after")


def test_limits_that_no_assignment_chooses(inside: Probe) -> None:
    """Timers and queued signals are few, no page is locked, and no priority is above others'."""
    for name, most in (("SIGPENDING", 1024), ("MEMLOCK", 0), ("NICE", 0), ("RTPRIO", 0)):
        assert max(inside.evaluate(f"resource.getrlimit(resource.RLIMIT_{name})")) <= most


COUNTERS = """
import time


def changed(paths):
    before = [open(path, "rb").read() for path in paths]
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        bytes(10**6)
    return [path for path, text in zip(paths, before) if open(path, "rb").read() != text]


def system_files():
    found = []
    for folder, folders, names in os.walk("/proc"):
        folders[:] = [name for name in folders if not name.isdigit() and name != "net"]
        folders[:] = [name for name in folders if not name.endswith("self")]
        for name in names:
            path = os.path.join(folder, name)
            try:
                open(path, "rb").read(10)
            except OSError:
                continue
            found.append(path)
    return found
"""


def test_counters_of_the_machine_stand_still(inside: Probe) -> None:
    """Nothing that all kernels see moves, but for names drawn anew at each look."""
    inside.run(COUNTERS)
    files = inside.call("system_files")
    assert "/proc/cpuinfo" in files
    moving = set(inside.call("changed", files))
    assert moving <= {"/proc/cpuinfo", "/proc/sys/kernel/random/uuid"}
    assert inside.evaluate("open('/proc/meminfo').read()").startswith("MemTotal:")
    assert inside.evaluate("open('/proc/cmdline').read()") == ""


def test_memory_that_no_limit_counts_is_refused(inside: Probe) -> None:
    """Shared pages without a file, huge pages, and the zero device as shared memory."""
    for flags in (0x21, 0x23, 0x40022):
        assert _call(inside, "mmap", 0, 4096, 3, flags, -1, 0) == "EPERM"
    inside.run("zero = os.open('/dev/zero', os.O_RDWR)\ndef map_zero(): mmap.mmap(zero, 4096)")
    assert inside.call("outcome", inside._channel.get("map_zero")) == "ENODEV"
    assert inside.evaluate("os.read(zero, 4)") == bytes(4)


@pytest.mark.parametrize("name", ["mem", "environ", "maps", "fd", "root", "cwd", "stack", "auxv"])
def test_the_guardian_is_closed(inside: Probe, name: str) -> None:
    """Its memory, descriptors and environment cannot be read, though the user id is the same."""
    look = "os.listdir" if name == "fd" else "os.readlink" if name in ("root", "cwd") else "fetch"
    inside.run(f"def look(): {look}('/proc/1/{name}')")
    assert inside.call("outcome", inside._channel.get("look")) in ("EACCES", "EPERM")


def test_the_guardian_cannot_be_touched(inside: Probe) -> None:
    """No signal ends it, and its limits, priority and processors stay as they are."""
    inside.run("for number in range(1, 65): outcome(os.kill, 1, number)")
    assert inside.evaluate("os.path.exists('/proc/1/stat')")
    for attempt in (
        "resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))",
        "os.setpriority(os.PRIO_PROCESS, 1, 19)",
        "os.setpriority(os.PRIO_USER, 1000, 19)",
        "os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))",
        "os.sched_setaffinity(1, {0})",
    ):
        inside.run(f"def attempt(): {attempt}")
        assert inside.call("outcome", inside._channel.get("attempt")) in ("EPERM", "EACCES"), (
            attempt
        )


def test_descriptors_are_its_own(inside: Probe) -> None:
    """No file of the fork server's or of another kernel's has been inherited."""
    found = inside.call("descriptors")
    assert set(found) <= {"/dev/null", "/dev/zero", "pipe", "anon_inode", "socket"}
    # All sockets are made here or accepted by a socket that was, but for the call channel.
    assert found["socket"] == 1


@pytest.mark.skipif(linux.landlock_version() < 6, reason="this machine's Landlock has no scopes")
def test_landlock_is_in_force(inside: Probe) -> None:
    """The user id is the guardian's, so but for Landlock a signal could be sent to it."""
    inside.run("def attempt(): os.kill(1, 0)")
    assert inside.call("outcome", inside._channel.get("attempt")) == "EPERM"


def test_no_secret_is_readable(inside: Probe) -> None:
    """No line of hidden tests, reference, misconceptions or solution is anywhere inside."""
    secrets, names = [], ["misconceptions.py", "alternatives.py", "assignment.toml", "test_xor.py"]
    for name in ("xor", "perceptron"):
        assignment = load_assignment(find_assignment(name))
        secrets += _secrets(assignment)
    assert len(secrets) > 100
    assert inside.call("search", secrets, names) == []
    # The search itself finds what is there.
    assert "/opt/autograder/autograder/wire/format.py" in inside.call(
        "search", ["MAX_FRAME_BYTES"], ["x"]
    )
    assert "/opt/environment/bin/python" in inside.call("search", ["none such"], ["python"])


def _secrets(assignment: Assignment) -> list[str]:
    """Return the long lines of all that is hidden, save what the student notebook holds."""
    project = find_assignment("xor").parent.parent
    files = [
        *assignment.hidden_tests,
        assignment.folder / "misconceptions.py",
        assignment.folder / "alternatives.py",
        project / "reference" / f"{assignment.name}.py",
    ]
    given = build_student(assignment).text
    master = json.loads(Path(assignment.master.path).read_text())
    texts = [path.read_text() for path in files]
    texts += ["".join(cell["source"]) for cell in master["cells"] if cell["cell_type"] == "code"]
    lines = {line.strip() for text in texts for line in text.splitlines()}
    return sorted(line for line in lines if len(line) >= 45 and line not in given)


def test_the_interpreter_is_the_environments(inside: Probe) -> None:
    """The same build as outside, not one of the system's that happens to be near."""
    python = load_environment("numpy").python
    ask = "import sys; print(sys.version)"
    outside = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    assert inside.evaluate("sys.version") == outside.stdout.strip()
