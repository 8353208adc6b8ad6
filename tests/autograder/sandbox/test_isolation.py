"""Two kernels side by side, and one after the other, know nothing of each other."""

from __future__ import annotations

from autograder.sandbox.fork_server import ForkServer
from tests.autograder.sandbox.conftest import MakeProbe

SEES = """
import os, socket


def sees():
    folders = ("/tmp", "/dev/shm", "/home/student", "/run/kernel", "/run/sockets", "/scratch")
    files = sorted(name for folder in folders for name in os.listdir(folder))
    with socket.socket(socket.AF_UNIX) as client:
        reached = client.connect_ex("\\0meeting-point") == 0
    return files, sorted(filter(str.isdigit, os.listdir("/proc"))), reached
"""
LEAVES = """
import multiprocessing.shared_memory, os, socket, time

for folder in ("/tmp", "/dev/shm", "/home/student", "/home/student/.ipython"):
    open(f"{folder}/left-behind", "w").close()
server = socket.socket(socket.AF_UNIX)
server.bind("\\0meeting-point")
server.listen()
shared = multiprocessing.shared_memory.SharedMemory("left-behind-too", True, 1000)
if os.fork() == 0:
    time.sleep(1000)
"""
POSITIONS = """
import os, stat


def positions(move_to=None):
    found = {}
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if stat.S_ISREG(os.fstat(number).st_mode):
                if move_to is not None:
                    os.lseek(number, move_to, os.SEEK_SET)
                found[number] = os.lseek(number, 0, os.SEEK_CUR)
        except OSError:
            continue
    return found
"""
CHANGES = """
import os


def refused():
    changes = (
        lambda: open("data/points.csv", "w"),
        lambda: os.remove("notebook.ipynb"),
        lambda: open("data/x", "w"),
        lambda: os.rename("data", "x"),
    )
    count = 0
    for change in changes:
        try:
            change()
        except OSError:
            count += 1
    return count
"""


def test_kernels_cannot_see_each_other(make_probe: MakeProbe) -> None:
    """Neither files, processes, sockets by name, shared memory nor the other's sockets folder."""
    first, second = make_probe(), make_probe()
    first.run(SEES)
    second.run(SEES)
    before = second.call("sees")
    first.run(LEAVES)
    assert "left-behind" in str(first.call("sees"))
    assert first.call("sees")[2]
    assert second.call("sees") == before
    assert not before[2]


TERMINALS = """
import os, pty

held = []


def take(most):
    try:
        while len(held) < most:
            held.append(pty.openpty())
    except OSError:
        pass
    return len(held)


def names():
    return sorted(os.listdir("/dev/pts"))
"""


def test_terminals_are_not_shared(make_probe: MakeProbe) -> None:
    """One kernel's terminals are not seen by another one, nor is their number shared."""
    first, second = make_probe(), make_probe()
    for probe in (first, second):
        probe.run(TERMINALS)
    assert first.call("take", 100) == 16
    assert second.call("names") == ["ptmx"]
    assert second.call("take", 2) == 2
    assert second.call("names") == ["0", "1", "ptmx"]


def test_commands_of_a_cell_have_a_terminal(make_probe: MakeProbe) -> None:
    """IPython runs ``!command`` in a terminal, and shows what it prints."""
    probe = make_probe()
    probe.run("get_ipython().system('tty > /tmp/name')")
    assert probe.evaluate("open('/tmp/name').read()") == "/dev/pts/0\n"


def test_the_next_kernel_starts_clean(make_probe: MakeProbe) -> None:
    """What one kernel leaves behind, and changes in memory, is not in the next."""
    first = make_probe()
    first.run(LEAVES)
    first.run("import builtins, numpy\nbuiltins.marked = numpy.marked = True")
    first.close()
    second = make_probe()
    second.run(SEES)
    assert "left-behind" not in str(second.call("sees"))
    assert not second.evaluate("hasattr(__import__('builtins'), 'marked')")
    assert not second.evaluate("hasattr(__import__('numpy'), 'marked')")


def test_open_files_are_not_shared(fork_server: ForkServer, make_probe: MakeProbe) -> None:
    """A position that one kernel moves, in a font say, is where it was in the other."""
    fork_server.import_for(frozenset({"matplotlib"}))  # which opens fonts
    first = make_probe()
    first.run(POSITIONS)
    second = make_probe()
    second.run(POSITIONS)
    before = second.call("positions")
    assert before
    assert set(first.call("positions", 12_345).values()) == {12_345}
    assert second.call("positions") == before


def test_random_numbers_differ_between_kernels(make_probe: MakeProbe) -> None:
    """Forks of one process do not draw the same numbers."""
    first, second = make_probe(), make_probe()
    for draw in ("__import__('random').random()", "__import__('numpy').random.random()"):
        assert first.evaluate(draw) != second.evaluate(draw)


def test_files_are_given_read_only(make_probe: MakeProbe) -> None:
    """The kernel finds its files where it starts, and cannot change them."""
    probe = make_probe({"data/points.csv": b"1,2", "notebook.ipynb": b"{}"})
    assert probe.evaluate("open('data/points.csv').read()") == "1,2"
    probe.run(CHANGES)
    assert probe.call("refused") == 4
