"""The sandbox of staff's tests, tried from inside by a small program in place of an examiner."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from autograder.doctor.advice import namespace_advice
from autograder.doctor.result import LayerResult
from autograder.errors import SandboxError
from autograder.sandbox import staff_code
from autograder.sandbox.bubblewrap import explain
from autograder.sandbox.host_folder import PLACE
from autograder.sandbox.launching import Launched

_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.02
_MOST_BYTES: Final = 10_000
_PROGRAM: Final = """
import json, os, socket, sys, time
def opened(path, mode):
    try:
        open(path, mode).close()
    except OSError:
        return False
    return True
folder, secret = sys.argv[1:]
print(json.dumps({
    "interfaces": [name for _, name in socket.if_nameindex()],
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "read": opened(secret, "r"),
    "written": opened(folder + "/written", "w"),
    "seccomp": "Seccomp:\\t2" in open("/proc/self/status").read(),
}), flush=True)
time.sleep(600)
"""


def try_staff_code() -> Iterator[LayerResult]:
    """Look at what a hidden test can reach."""
    try:
        seen, owner = _look()
    except SandboxError as error:
        yield LayerResult("tests' sandbox", False, str(error).splitlines()[0], namespace_advice())
        return
    yield LayerResult("user", owner != 0, f"user {owner}" if owner else "runs as root")
    open_to = [name for name in ("read", "written") if seen[name]]
    yield LayerResult(
        "files",
        not open_to,
        f"other files of yours, or the assignment, are {' and '.join(open_to)}"
        if open_to
        else "the assignment, read-only, and no other file of yours",
    )
    yield LayerResult(
        "no network",
        set(seen["interfaces"]) <= {"lo"},
        f"interfaces: {', '.join(seen['interfaces']) or 'none'}",
    )
    yield LayerResult("own processes", seen["processes"] <= 2, f"sees {seen['processes']}, its own")
    yield LayerResult(
        "system calls",
        seen["seccomp"],
        "the same filter as for kernels" if seen["seccomp"] else "there is no filter",
    )


def _look() -> tuple[dict[str, Any], int]:
    """Return what the program saw, and whom the machine saw it run as."""
    with tempfile.TemporaryDirectory(dir=PLACE) as name:
        place = Path(name)
        assignment, secret = place / "tests", place / "secret"
        assignment.mkdir()
        secret.touch()
        # Open to all: what keeps them closed is to be the sandbox.
        for path, mode in ((place, 0o755), (assignment, 0o755), (secret, 0o644)):
            path.chmod(mode)
        command = ["-c", _PROGRAM, str(assignment), str(secret)]
        with staff_code.started(command, assignment) as (launched, output):
            text = _first_line(launched, output)
            # It waits, so it is still there, and has long given up other rights.
            owner = Path(f"/proc/{launched.process.pid}").stat().st_uid
    try:
        seen: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SandboxError(explain(text)) from None
    return seen, owner


def _first_line(launched: Launched, output: IO[bytes]) -> str:
    """Wait for a line of the program's, or for all that it printed before it ended."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        ended = launched.process.poll() is not None
        output.seek(0)
        text = output.read(_MOST_BYTES).decode(errors="replace")
        if ended or text.endswith("\n"):
            return text.strip()
        time.sleep(_PAUSE_SECONDS)
    raise SandboxError(f"it did not start within {_SECONDS:g} s")
