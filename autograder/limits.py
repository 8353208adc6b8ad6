"""All limits of a grading run, in one table."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

MEGABYTE: Final = 2**20


@dataclass(frozen=True)
class Limits:
    """
    All limits of one grading run, with their defaults.

    ``assignment.toml`` may change those in its ``[limits]`` table; a student's time multiplier
    stretches those in seconds.
    """

    cell_seconds: float = 30.0
    """Wall time of one cell."""
    call_seconds: float = 10.0
    """Wall time of one call from a hidden test."""
    total_seconds: float = 300.0
    """Wall time of the cells together, and again of the tests together."""
    grace_seconds: float = 1.0
    """From the interrupt of an endless cell or call to its kill."""
    cpu_seconds: float = 600.0
    """CPU time of all processes of a kernel together."""
    memory_mb: int = 2048
    """Memory of all processes of a kernel together; also RLIMIT_DATA of each."""
    address_space_extra_mb: int = 2560
    """RLIMIT_AS exceeds the memory limit by this: libraries map more than they touch."""
    scratch_mb: int = 128
    """What a kernel may write to files, and RLIMIT_FSIZE."""
    scratch_files: int = 2000
    """How many files a kernel may have."""
    processes: int = 64
    """Processes and threads of a kernel."""
    child_processes: int = 32
    """Processes of a kernel, threads apart; the latest beyond are ended."""
    open_files: int = 256
    """Open files of one process."""
    output_mb: int = 16
    """Output of all cells together, counted where it arrives."""
    message_mb: int = 8
    """One message of the kernel's, such as a figure."""
    callback_calls: int = 100_000
    """Calls of one test's functions by student code."""
    test_seconds: float = 60.0
    """Wall time of one hidden test, the grader's own work on student values included."""

    def stretched(self, factor: float) -> Limits:
        """Return limits for a student with a time multiplier; memory and sizes stay."""
        return replace(
            self,
            **{
                field.name: getattr(self, field.name) * factor
                for field in fields(self)
                if field.name.endswith("_seconds") and field.name != "grace_seconds"
            },
        )

    def for_guardian(self) -> dict[str, int]:
        """Return the limits that the guardian sets and watches, in bytes and seconds."""
        return {
            "memory_bytes": self.memory_mb * MEGABYTE,
            "address_space_extra_bytes": self.address_space_extra_mb * MEGABYTE,
            "scratch_bytes": self.scratch_mb * MEGABYTE,
            "scratch_files": self.scratch_files,
            "processes": self.processes,
            "child_processes": self.child_processes,
            "open_files": self.open_files,
            "cpu_seconds": int(self.cpu_seconds),
        }
