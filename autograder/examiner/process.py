"""
The process that runs an assignment's hidden tests, and the grader's hold on it.

An examiner collects the tests once, with pytest, and forks a child for each submission; it gives
the grader a descriptor of the child's. Children of several submissions may run side by side. Each
talks to its kernel over the call channel and to the grader in packets
(`autograder.examiner.protocol`). All of it runs in a sandbox (`autograder.sandbox.staff_code`): the
tests are staff's, and staff may write tests without any right to what the grader may read.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Final

from autograder.assignment import Assignment
from autograder.assignment.public_tests import public_test_module
from autograder.errors import AssignmentError, ExaminerError, InternalError, SandboxError
from autograder.examiner.control import KernelControl
from autograder.examiner.job_run import JobRun
from autograder.examiner.protocol import (
    Collected,
    CollectionRefused,
    Examined,
    Job,
    Packet,
    Started,
    TestDescription,
    encoded,
    received,
)
from autograder.limits import Limits
from autograder.packets import PacketError, Packets, close_all
from autograder.sandbox import staff_code
from autograder.sandbox.bubblewrap import explain
from autograder.sandbox.launching import Launched

COLLECT_SECONDS: Final = 60.0
SECONDS_TO_END: Final = 5.0
MOST_PRINTED: Final = 10_000
_SETTINGS: Final = "[pytest]\nenable_assertion_pass_hook = true\n"


class Examiner:
    """
    Collects an assignment's tests once and runs them against many kernels. Serves many threads.

    Args:
        assignment: Whose tests.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        public_tests = public_test_module(assignment)
        self._lock = threading.Lock()
        self._folder = staff_code.make_folder()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._packets = Packets(ours)
        self._public = self._folder.path / "public"
        write_public_tests(self._public, public_tests)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        try:
            with theirs, tempfile.TemporaryFile() as filter_file:
                self._launched = self._launch(theirs, filter_file)
        except Exception:
            self._forget()
            raise
        self._process = self._launched.process
        self.tests = self._collected()

    def examine(
        self,
        control: KernelControl,
        seed: int,
        tests: Iterable[TestDescription] | None = None,
        *,
        on_begin: Callable[[str], None] = lambda _: None,
        limits: Limits | None = None,
        until_failure: bool = False,
    ) -> Examined:
        """
        Run tests against a kernel.

        Args:
            control: Of the kernel.
            seed: Seed of the hidden inputs.
            tests: Which tests; all if ``None``.
            on_begin: Called with the id of each test that begins.
            limits: What the tests may use; by default what the assignment says.
            until_failure: Whether to stop at the first test that fails, without a hint.

        Raises:
            ExaminerError: If the examiner broke for a reason of our own.
        """
        bounds = limits or self.assignment.limits
        job = Job(
            seed=seed,
            tests=tuple(test.id for test in (self.tests if tests is None else tests)),
            call_seconds=bounds.call_seconds,
            grace_seconds=bounds.grace_seconds,
            callback_calls=bounds.callback_calls,
            test_seconds=bounds.test_seconds,
            total_seconds=bounds.total_seconds,
            until_failure=until_failure,
        )
        questions = {test.question for test in self.tests}
        return JobRun(self.start_child, control, job, questions, on_begin).run()

    def start_child(self, job: Job, descriptors: list[int]) -> int:
        """
        Let a child begin a job; gives a descriptor of that process.

        Raises:
            ExaminerError: If the examiner has ended, or does not answer.
        """
        with self._lock:
            try:
                self._packets.send(encoded(job), descriptors)
                _, handles = self._packets.receive(COLLECT_SECONDS)
            except (TimeoutError, OSError, PacketError) as error:
                # The next answer would be taken for that of another job.
                self._launched.kill()
                raise ExaminerError("the examiner does not answer") from error
        close_all(handles[1:])
        if not handles or not self._runs_inside(handles[0]):
            close_all(handles[:1])
            # The sandbox ends a moment after what ran in it; `alive` is to know at once.
            self._launched.kill()
            raise ExaminerError("the examiner has ended")
        return handles[0]

    def _runs_inside(self, handle: int) -> bool:
        """Return whether a descriptor is of a process of this sandbox, or of one that has ended."""
        # Untrusted: it will be sent a signal, so it must be no process of ours.
        fields = Path(f"/proc/self/fdinfo/{handle}").read_text().partition("\nPid:")[2].split()
        if not fields:
            return False
        pid = int(fields[0])
        while pid > 1 and pid != self._process.pid:
            pid = _parent(pid)
        return pid in (-1, self._process.pid)

    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        self._packets.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._launched.end()
        self._forget()

    def _forget(self) -> None:
        self._packets.close()
        self._output.close()
        self._folder.close()

    def _launch(self, theirs: socket.socket, filter_file: IO[bytes]) -> Launched:
        folder, assignment = self._folder.path, self.assignment.folder.resolve()
        shown = {
            assignment: staff_code.shown_assignment(assignment, folder),
            self._public: self._public,
        }
        arguments = [str(assignment), str(self._public), str(theirs.fileno())]
        plan = staff_code.plan(
            ["-m", "autograder.examiner", *arguments], shown, folder, filter_file
        )
        return Launched(
            plan,
            [theirs.fileno(), filter_file.fileno()],
            name=f"examiner-{self.assignment.name}",
            output=self._output,
        )

    def _collected(self) -> tuple[TestDescription, ...]:
        try:
            if not isinstance(self._early_packet(), Started):
                raise self._no_sandbox()
            packet = self._early_packet()
            if not isinstance(packet, Collected):
                raise self._refusal(packet)
            for test in packet.tests:
                self._check_weight(test)
        except TimeoutError:
            self.close()
            raise ExaminerError(
                f"collecting the tests took more than {COLLECT_SECONDS:g} s"
            ) from None
        except (AssignmentError, InternalError):
            self.close()
            raise
        return packet.tests

    def _early_packet(self) -> Packet | None:
        """Wait for the next packet before there is any job; none once the examiner has ended."""
        return received(self._packets, COLLECT_SECONDS)

    def _no_sandbox(self) -> SandboxError:
        reason = explain(self._printed()[-2000:])
        return SandboxError(f"the sandbox of the tests could not be built: {reason}")

    def _printed(self) -> str:
        """Return the end of what the process printed; it has ended, or ends now."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_END)
        self._launched.kill()
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - MOST_PRINTED))
        return self._output.read(MOST_PRINTED).decode(errors="replace").strip()

    def _refusal(self, packet: Packet | None) -> AssignmentError:
        """Explain in one line why the tests cannot be collected, and where."""
        if isinstance(packet, CollectionRefused):
            if packet.place.startswith(str(self._public)):
                place = str(self.assignment.master.path)
                return AssignmentError(
                    f"its public tests cannot be collected: {packet.reason}", place
                )
            return AssignmentError(f"cannot be collected: {packet.reason}", packet.place)
        text = self._printed()
        reason = text.splitlines()[-1] if text else "no reason was given"
        return AssignmentError(
            f"the tests cannot be collected: {reason}", str(self.assignment.folder)
        )

    def _check_weight(self, test: TestDescription) -> None:
        if test.share is None:
            raise AssignmentError(
                f"the weight of {test.name} is no number above 0",
                str(self.assignment.folder / "hidden"),
            )


def _parent(pid: int) -> int:
    """Return a process's parent; -1 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return -1
    return int(status.rpartition(b")")[2].split()[1])


def write_public_tests(folder: Path, source: str) -> None:
    """Write what pytest is to collect beside the hidden tests, readable for the sandbox's user."""
    folder.mkdir()
    folder.chmod(0o755)
    for name, text in (("test_public.py", source), ("pytest.ini", _SETTINGS)):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)
