"""What whoever runs hidden tests may do to the kernel that they run against."""

from __future__ import annotations

import socket
from typing import Protocol

from autograder.patience import Usage


class KernelControl(Protocol):
    """
    One kernel, held by the process that started it; the same for every holder.

    The grader holds it for a submission (`autograder.grade.run.SubmissionRun`), validation for a
    notebook whose answers it tries (`autograder.validate.forked_notebook.ForkedNotebook`), the
    doctor for a look inside (`autograder.doctor.probe.Probe`). An examiner's child asks its parent,
    by packets (`autograder.examiner.examination.RemoteControl`).
    """

    def calls(self) -> socket.socket | None:
        """
        Return the call channel of the present kernel, or ``None`` if there is no kernel.

        Called by the grader before each child of the examiner is started. The socket stays the
        holder's: the child gets a duplicate.
        """

    def interrupt(self) -> None:
        """
        Send SIGINT to the kernel and its children.

        Called in the examiner's child when a call has taken too long. Afterwards the kernel may
        still answer the call, with a value or with the interrupt.
        """

    def end(self, *, kill: bool) -> str | None:
        """
        Return why the kernel ended, ``None`` if nothing is known of it; with `kill`, end it first.

        Of one that got a SIGKILL it is `autograder.sandbox.kernel_process.KILLED`.

        Called in the examiner's child when the channel broke, and in the grader when a child was
        lost. Afterwards there is no kernel until `replace`.
        """

    def usage(self) -> Usage | None:
        """
        Return what the kernel has had, ``None`` if not known.

        Called in the examiner's child early in a call, and when its time is over on the clock: a
        call that has been starved by others gets more of it.
        """

    def replace(self) -> socket.socket | None:
        """
        Run the notebook in a new kernel and return its call channel, ``None`` if none survived.

        Called when a test needs a kernel after `end`. The cells that ended an earlier kernel are
        left out.
        """
