"""Start bubblewrap by a plan; what runs inside ends with this process, whatever ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any, Final

import autograder
from autograder.sandbox import policy

_LAUNCH: Final = "from autograder.sandbox.launcher import main; main"


def coverage_settings() -> dict[str, str]:
    """Return what is set while the tests' coverage is measured: paths and switches, no secret."""
    return {name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_")}


class Launched:
    """
    A process in bubblewrap.

    Args:
        plan: The arguments of `autograder.sandbox.launcher.main`.
        descriptors: What it inherits.
        output: Where it writes what it prints; its errors, too, if there is one.
        name: Of the thread that stays with it.

    Raises:
        OSError: If no process can be started.
    """

    def __init__(
        self,
        plan: dict[str, Any],
        descriptors: Sequence[int],
        *,
        name: str,
        output: IO[bytes] | None = None,
    ) -> None:
        self._stop = threading.Event()
        started: Future[subprocess.Popen[bytes]] = Future()
        self._thread = threading.Thread(
            target=self._start_and_stay,
            args=(plan, descriptors, output, started),
            daemon=True,
            name=name,
        )
        self._thread.start()
        self.process = started.result()

    def kill(self) -> None:
        """End the process and all that runs in its sandbox; who asks for it knows at once."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """End the process and all that belongs to it here."""
        self.kill()
        if self.process.stderr is not None:
            self.process.stderr.close()
        self._stop.set()
        self._thread.join()

    def _start_and_stay(
        self,
        plan: dict[str, Any],
        descriptors: Sequence[int],
        output: IO[bytes] | None,
        started: Future[subprocess.Popen[bytes]],
    ) -> None:
        try:
            process = _start(plan, descriptors, output)
        except Exception as error:
            started.set_exception(error)
            return
        started.set_result(process)
        # bubblewrap dies with the thread that started it.
        self._stop.wait()


def _start(
    plan: dict[str, Any], descriptors: Sequence[int], output: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    error_log = None if os.environ.get("AUTOGRADER_DEBUG") else subprocess.PIPE
    return subprocess.Popen(  # noqa: S603  # our own program, by our own plan
        [sys.executable, "-S", "-c", f"{_LAUNCH}(**{plan!r})"],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if output is None else output,
        stderr=error_log if output is None else output,
        cwd="/",
        # The launcher is trusted; bubblewrap clears what it passes on.
        env={
            "PYTHONPATH": str(Path(autograder.__file__).parent.parent),
            "PATH": policy.LAUNCHER_PATH,
        },
    )
