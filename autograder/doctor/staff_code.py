"""The sandbox of staff's tests, tried from inside by a small program in place of an examiner."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any, Final

from autograder.doctor.advice import namespace_advice
from autograder.doctor.result import LayerResult
from autograder.errors import SandboxError
from autograder.sandbox import staff_code
from autograder.sandbox.bubblewrap import explain
from autograder.sandbox.launching import Launched

_SECONDS: Final = 60.0
_PROGRAM: Final = """
import json, os, socket, sys
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
}))
"""


def try_staff_code() -> Iterator[LayerResult]:
    """Look at what a hidden test can reach."""
    try:
        seen, owner = _look()
    except SandboxError as error:
        yield LayerResult("tests' sandbox", False, str(error).splitlines()[0], namespace_advice())
        return
    yield LayerResult("user", owner != 0, f"user {owner}" if owner else "runs as root")
    yield LayerResult(
        "files",
        not seen["read"] and not seen["written"],
        "the assignment, read-only, and no other file of yours"
        if not seen["read"] and not seen["written"]
        else f"other files read: {seen['read']}; the assignment written: {seen['written']}",
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
    """Return what the program saw, and whom it ran as."""
    with (
        staff_code.make_folder() as made,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as filter_file,
    ):
        folder = made.path
        assignment, secret = folder / "tests", folder / "secret"
        assignment.mkdir(0o755)
        secret.touch(0o644)
        command = ["-c", _PROGRAM, str(assignment), str(secret)]
        plan = staff_code.plan(command, {assignment: assignment}, folder, filter_file)
        launched = Launched(plan, [filter_file.fileno()], name="doctor", output=output)
        try:
            launched.process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            raise SandboxError(f"it did not start within {_SECONDS:g} s") from None
        finally:
            launched.end()
        output.seek(0)
        text = output.read().decode(errors="replace")
    try:
        seen: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SandboxError(explain(text.strip())) from None
    return seen, plan["user"] if os.geteuid() == 0 else os.geteuid()
