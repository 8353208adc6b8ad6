"""
The tree of errors.

    AutograderError                  anything this package raises on purpose
    ├── InputError                   exit 2: the input cannot be used
    │   ├── NotebookError            the file is no notebook, or not of this assignment
    │   └── AssignmentError          the assignment folder is broken; names file and line
    ├── InternalError                exit 3: our fault; never a zero for the student
    │   ├── SandboxError             the sandbox cannot be built, or broke
    │   ├── ExaminerError            the process that runs the hidden tests broke
    │   ├── RenderError              the process that renders notebooks broke
    │   └── StoredReportError        a stored report cannot be read
    └── StudentFault                 raised inside a hidden test, by what the student's code did
        ├── Missing                  a name that the notebook does not define
        ├── Invalid                  a value that cannot be what was asked for
        ├── CallTimeout              a call took too long
        ├── MemoryExceeded           a call needed more memory than allowed
        ├── KernelDied               the kernel is gone
        └── StudentRaised            student code raised; also an instance of the built-in class

`autograder.wire.WireError` stands apart: its module is bound into the sandbox alone.
"""

from __future__ import annotations

from typing import Final

from autograder.messages import Message, text
from autograder.untrusted_text import one_line

EXIT_GRADED: Final = 0
EXIT_UNUSABLE: Final = 2
EXIT_OUR_FAULT: Final = 3


class AutograderError(Exception):
    """Anything that this package raises on purpose."""


class InputError(AutograderError):
    """The input cannot be used; the command line answers with exit code 2."""


class NotebookError(InputError):
    """
    The submitted file is not a notebook, or not one of this assignment.

    Args:
        fault: What is wrong with it.
        name: What the file is called.
    """

    def __init__(self, fault: Message, name: object) -> None:
        # Untrusted: students name their files.
        super().__init__(f"{one_line(name)}: {fault}")
        self.fault = fault


class AssignmentError(InputError):
    """
    The assignment folder is broken.

    Args:
        reason: What is wrong, in one line.
        place: ``file`` or ``file:line`` where it is wrong.
    """

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.reason = reason
        self.place = place


class InternalError(AutograderError):
    """Our fault; the command line answers with exit code 3 and no mark is given."""


class SandboxError(InternalError):
    """The sandbox cannot be built on this machine, or it broke."""


class ExaminerError(InternalError):
    """The process that runs the hidden tests broke."""


class RenderError(InternalError):
    """The process that renders notebooks broke."""


class StoredReportError(InternalError):
    """A stored report is damaged, or of a version that cannot be read."""


class StudentFault(AutograderError):
    """What student code did to a hidden test; each subclass is one verdict."""


class Missing(StudentFault):
    """A name that the notebook does not define."""


class Invalid(StudentFault):
    """
    A value that cannot be what was asked for: NaN, wrong shape, not a number.

    Args:
        message: For staff: may hold hidden inputs.
        safe_message: What a student may read of it: no number of theirs or of the test's; an
            author's own words, or one of our messages.
    """

    def __init__(self, message: str, safe_message: Message | str | None = None) -> None:
        super().__init__(message)
        shown = text(safe_message) if isinstance(safe_message, str) else safe_message
        self.safe_message = shown


class CallTimeout(StudentFault):
    """A call took longer than allowed."""


class MemoryExceeded(StudentFault):
    """A call needed more memory than allowed."""


class KernelDied(StudentFault):
    """The kernel is gone."""


class StudentRaised(StudentFault):
    """
    Student code raised an exception.

    Raised as an instance of a class that also derives from the built-in class that the student's
    exception derives from, so ``except ValueError`` in a test works.

    Attributes:
        type_name: Name of the student's own class, a claim of student code's.
        builtin_name: Name of the built-in class, safe to show.
        place: Execution count of the cell and line in it where it was raised, as claimed.
    """

    type_name: str = "Exception"
    builtin_name: str = "Exception"
    place: tuple[int, int] | None = None

    def __init__(self, message: str) -> None:
        # Some built-in classes (UnicodeDecodeError) demand other arguments; ours takes a text.
        Exception.__init__(self, message)
        self.message = message

    def __str__(self) -> str:
        return self.message
