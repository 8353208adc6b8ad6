"""What attacks must not do to the grader, and to whoever comes next."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from autograder.assignment import Assignment
from autograder.grade import Grader
from autograder.report import Report
from tests.adversarial.corpus import attacked

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
FLOODS = {
    "small prints": "while True:\n    print('x', flush=True)",
    "large prints": "while True:\n    print('x' * 100_000, flush=True)",
    "answers": """
import sys

channel = sys.modules["autograder.sandbox.runtime.kernel"]._call_channel
while True:
    channel.sendall(bytes(2**20))
""",
    "replies": """
kernel = get_ipython().kernel
parent = kernel.get_parent()
while True:
    kernel.session.send(kernel.shell_socket if hasattr(kernel, "shell_socket") else
                        kernel.iopub_socket, "execute_reply", {"status": "ok", "x": "x" * 2**20},
                        parent=parent, ident=kernel._parent_ident.get("shell"))
""",
}
# Beneath libzmq: the kernel's end of each connection, and one message that never ends on it.
ENDLESS_MESSAGE = """
import os, select, socket, struct

ends = []
for descriptor in map(int, os.listdir("/proc/self/fd")):
    try:
        end = socket.socket(fileno=os.dup(descriptor))
        if str(end.getsockname()).startswith("/run/kernel/s-{port}") and end.getpeername() == "":
            ends.append(end)
    except OSError:
        pass
part = struct.pack(">BQ", 3, {size}) + bytes({size})
while True:
    for end in select.select([], ends, [])[1]:
        rest = memoryview(part)
        while rest:
            try:
                rest = rest[end.send(rest):]
            except BlockingIOError:
                pass
            except OSError:
                break
"""
FLOODS |= {
    f"parts of {size} on {port}": ENDLESS_MESSAGE.format(port=port, size=size)
    for port in (1, 2)
    for size in (2**20, 300)
}
LEAVES = """
import os
import site

PLACES = [os.path.expanduser("~/.ipython/profile_default/startup"), "/tmp", "/dev", "/dev/shm",
          *site.getsitepackages(), "/opt", "/opt/autograder", "/etc", "/run/kernel",
          os.path.expanduser("~"), os.path.dirname(os.__file__)]
for place in PLACES:
    for name in ("00-first.py", "sitecustomize.py", "usercustomize.py", "numpy.py", "left.pth"):
        try:
            os.makedirs(place, exist_ok=True)
            with open(os.path.join(place, name), "w") as file:
                file.write("import builtins; builtins.left_behind = True")
        except OSError:
            pass
import builtins

builtins.left_behind = True
"""
LOOKS = """
import builtins

assert not hasattr(builtins, "left_behind")
"""


def _grade(grader: Grader, assignment: Assignment, *sources: str) -> Report:
    return grader.grade(attacked(assignment, tuple(("start", s) for s in sources)), assignment)


def test_the_graders_memory_stays_flat(grader: Grader, assignments: dict[str, Assignment]) -> None:
    """However a cell floods its output and its channels, the grader holds little of it."""
    _grade(grader, assignments["xor"])
    before = _resident_megabytes()
    peak = _Peak()
    with peak:
        for source in FLOODS.values():
            report = _grade(grader, assignments["xor"], source)
            assert report.cells[2].status not in ("ok", "error")
    assert peak.megabytes - before < 150


def test_the_next_submission_is_unchanged(
    grader: Grader, assignments: dict[str, Assignment]
) -> None:
    """Files in start-up folders and libraries, and changed modules, reach nobody else."""
    plain = _grade(grader, assignments["xor"])
    _grade(grader, assignments["xor"], LEAVES)
    after = _grade(grader, assignments["xor"], LOOKS)
    assert after.cells[2].status == "ok"
    assert after.score == plain.score == plain.max_score - 2


def test_two_attacks_side_by_side(grader: Grader, assignments: dict[str, Assignment]) -> None:
    """A submission is graded as if alone while another one takes all that it can get."""
    bomb = (
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
    )
    attacker = threading.Thread(target=_grade, args=(grader, assignments["xor"], bomb))
    attacker.start()
    report = _grade(grader, assignments["xor"])
    attacker.join()
    assert report.score == report.max_score - 2


class _Peak(threading.Thread):
    """Watches how much memory this process holds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.megabytes = 0.0
        self._over = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(0.01):
            self.megabytes = max(self.megabytes, _resident_megabytes())

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * PAGE_BYTES / 2**20
