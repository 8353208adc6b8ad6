"""Limits on memory, time, files and processes, by ways around each of them."""

from __future__ import annotations

import time

import pytest

from autograder.errors import CallTimeout, KernelDied, MemoryExceeded, StudentFault
from autograder.sandbox.runtime import calls
from tests.sandbox.conftest import MakeProbe

IMPORTS = "import ctypes, gc, mmap, os, resource, signal, socket, threading, time\n"
FILL = IMPORTS + "megabytes = []\n\n\ndef hold(n): megabytes.append(b'x' * (n * 2**20))\n"


def in_children(count: int, body: str) -> str:
    """Give code that does something in forked children and then waits."""
    indented = "\n".join("        " + line for line in body.splitlines())
    return (
        f"{FILL}\n\ndef attack():\n    for _ in range({count}):\n        if os.fork() == 0:\n"
        + "\n".join("    " + line for line in indented.splitlines())
        + "\n            time.sleep(100)\n    time.sleep(100)\n"
    )


UNCOUNTED = {
    "in one process": f"{FILL}\n\ndef attack():\n    while True: hold(50)\n",
    "in children": in_children(4, "hold(140)"),
    "behind a thread that has ended": in_children(
        4,
        "threading.Thread(target=lambda: (hold(140), time.sleep(100))).start()\n"
        "ctypes.CDLL(None).syscall(60, 0)",
    ),
    "behind a closed door": in_children(4, "ctypes.CDLL(None).prctl(4, 0)\nhold(140)"),
    "in sockets": in_children(
        6,
        "def fill(end):\n    end.setblocking(False)\n    try:\n        while True: end.send(bytes(2**15))\n"
        "    except OSError: pass\n"
        "try:\n    while True:\n        pair = socket.socketpair()\n        megabytes.append(pair)\n"
        "        fill(pair[0])\n        fill(pair[1])\nexcept OSError: pass",
    ),
}


@pytest.mark.parametrize("way", UNCOUNTED)
def test_memory_is_counted_wherever_it_is(make_probe: MakeProbe, way: str) -> None:
    """The processes of a kernel together get no more than the limit, and the verdict says so."""
    probe = make_probe(memory_mb=512)
    probe.run(UNCOUNTED[way])
    with pytest.raises(MemoryExceeded):
        probe.call("attack")


def test_shared_pages_count_once(make_probe: MakeProbe) -> None:
    """Children that only share their parent's memory may be many."""
    probe = make_probe(memory_mb=512)
    probe.run(FILL + "hold(100)\nfor _ in range(8):\n    if os.fork() == 0: time.sleep(100)\n")
    time.sleep(0.5)
    assert probe.evaluate("len(megabytes)") == 1


def test_time_of_buried_children_counts(make_probe: MakeProbe) -> None:
    """The limit on CPU time is not escaped by children whose parents have ended."""
    probe = make_probe(cpu_seconds=1)
    probe.run(
        f"{IMPORTS}\n\ndef burn():\n    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n    os._exit(0)\n\n\n"
        "def attack():\n    while True:\n        if os.fork() == 0:\n"
        "            if os.fork() == 0: burn()\n            os._exit(0)\n        os.wait()\n"
        "        time.sleep(0.1)\n"
    )
    with pytest.raises(CallTimeout):
        probe.call("attack")
    assert probe.kernel.exit is not None
    assert probe.kernel.exit.reason == "timeout"


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "/home/student"])
def test_scratch_has_one_cap_for_all_folders(make_probe: MakeProbe, folder: str) -> None:
    """Bytes and files are counted over all folders together, and freed when removed."""
    probe = make_probe(scratch_mb=16, scratch_files=200)
    probe.run(
        f"{IMPORTS}open('/tmp/part', 'wb').write(bytes(10 * 2**20))\n\n\n"
        f"def fill():\n    with open('{folder}/full', 'wb') as file:\n"
        "        try:\n            file.write(bytes(10 * 2**20))\n"
        "        except OSError as error:\n            return error.strerror\n\n\n"
        f"def many():\n    try:\n        for n in range(300): open(f'{folder}/{{n}}', 'w').close()\n"
        "    except OSError as error:\n        return n, error.strerror\n"
    )
    assert probe.call("fill") == "No space left on device"
    probe.run(f"os.remove('/tmp/part'); os.remove('{folder}/full')")
    assert probe.call("fill") is None
    number, reason = probe.call("many")
    assert number < 200
    assert reason == "No space left on device"


def test_processes_are_limited(make_probe: MakeProbe) -> None:
    """No more processes than the limit, and the kernel still answers."""
    probe = make_probe(processes=30)
    probe.run(
        f"{IMPORTS}\n\ndef bomb():\n    n = 0\n    try:\n        while n < 100:\n"
        "            if os.fork() == 0: time.sleep(100)\n            n += 1\n"
        "    except OSError:\n        return n\n"
    )
    assert probe.call("bomb") < 30
    assert probe.evaluate("1 + 1") == 2


def test_an_endless_call_is_interrupted(make_probe: MakeProbe) -> None:
    """It ends by KeyboardInterrupt, and the next call works."""
    probe = make_probe(call_seconds=0.5)
    probe.run("def endless():\n    while True: pass\n")
    with pytest.raises(CallTimeout):
        probe.call("endless")
    assert probe.evaluate("2 + 2") == 4


def test_a_stopped_kernel_is_killed(make_probe: MakeProbe) -> None:
    """A process that neither runs nor hears is ended after the grace."""
    probe = make_probe(call_seconds=0.5)
    probe.run(f"{IMPORTS}def stop(): os.kill(os.getpid(), signal.SIGSTOP)\n")
    began = time.monotonic()
    with pytest.raises(CallTimeout):
        probe.call("stop")
    assert time.monotonic() - began < 3


def test_leaving_does_not_end_the_kernel(make_probe: MakeProbe) -> None:
    """``exit()`` raises inside a call, and later calls are answered."""
    probe = make_probe()
    probe.run("import sys\ndef leave(): sys.exit(0)\n")
    with pytest.raises(StudentFault):
        probe.call("leave")
    assert probe.evaluate("3") == 3


def test_a_kernel_that_ends_is_noticed(make_probe: MakeProbe) -> None:
    """The guardian reports the exit status at once."""
    probe = make_probe()
    probe.run("import os\ndef leave(): os._exit(7)\n")
    with pytest.raises(KernelDied):
        probe.call("leave")
    assert probe.kernel.exit is not None
    assert probe.kernel.exit.status == 7


def test_old_references_make_room(make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one question's calls left behind does not use up another question's references."""
    probe = make_probe()
    probe.run("import autograder.sandbox.runtime.calls as calls\ncalls.MAX_REFERENCES = 10")
    assert calls.MAX_REFERENCES > 10
    probe.run("def many(): return [object() for _ in range(9)]\n")
    for _ in range(5):
        assert len(probe.call("many")) == 9
