"""What the gate found: one `Trial` for each thing that was tried, and their sum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

REQUIRED_KILL_RATE: Final = Fraction(95, 100)


class Kind(StrEnum):
    """What was tried."""

    FOLDER = "folder"
    """The assignment can be loaded, built and collected."""
    REFERENCE = "reference"
    """Solution and references get full marks; notebooks without an answer get none."""
    MISCONCEPTION = "misconception"
    ALTERNATIVE = "alternative"
    MUTANT = "mutant"
    TEST = "hidden test"
    """A hidden test fails some wrong answer."""


class Hint(StrEnum):
    """What a misconception's student was told."""

    OWN = "own"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True)
class Fault:
    """
    One reason why an assignment is not valid, or a remark.

    Args:
        reason: What is wrong, in one line.
        place: ``file:line`` of it.
        question: Id of the question, where the trial is about several.
    """

    reason: str
    place: str | None = None
    question: str | None = None


@dataclass(frozen=True)
class Trial:
    """
    One thing that was tried.

    Args:
        assignment: Name of the assignment.
        kind: What was tried.
        title: Which.
        question: Id of the question, if it is about one.
        faults: Why the assignment is not valid.
        remarks: What the author should look at.
        failed: Hidden tests that a wrong answer failed, by id.
        hint: What a misconception's student was told.
        survived: Whether a mutant was not caught.
        equivalent: Whether the author has declared the mutant to be equivalent.
        only_hidden: Whether a wrong answer passes all public tests.
        seconds: Wall time.
    """

    assignment: str
    kind: Kind
    title: str
    question: str | None = None
    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()
    failed: frozenset[str] = frozenset()
    hint: Hint | None = None
    survived: bool = False
    equivalent: bool = False
    only_hidden: bool = False
    seconds: float = 0.0


@dataclass
class AssignmentValidation:
    """
    All that was tried on one assignment.

    Args:
        assignment: Its name.
        seeds: For how many seeds of the hidden inputs right answers were tried.
        trials: What was tried, in the order in which it ended.
        seconds: Wall time.
        done: Whether nothing more will be tried.
    """

    assignment: str
    seeds: int = 0
    trials: list[Trial] = field(default_factory=list)
    seconds: float = 0.0
    done: bool = False

    @property
    def valid(self) -> bool:
        """Whether the assignment is valid."""
        return self.done and not any(trial.faults for trial in self.trials)

    def of(self, kind: Kind) -> list[Trial]:
        """Return the trials of one kind."""
        return [trial for trial in self.trials if trial.kind is kind]

    def good(self, kind: Kind) -> int:
        """Count the trials of one kind that hold."""
        return sum(not trial.faults for trial in self.of(kind))

    @property
    def hinted(self) -> int:
        """Count the misconceptions that get their own hint."""
        return sum(trial.hint is Hint.OWN for trial in self.of(Kind.MISCONCEPTION))

    @property
    def equivalent(self) -> int:
        """Count the mutants that are declared to be equivalent."""
        return sum(trial.equivalent for trial in self.of(Kind.MUTANT))

    @property
    def mutants(self) -> list[Trial]:
        """Return the mutants that a test can kill, and the summary of them left out."""
        return [trial for trial in self.of(Kind.MUTANT) if trial.question and not trial.equivalent]

    @property
    def idle_tests(self) -> int:
        """Count the hidden tests that no wrong answer fails."""
        return sum(bool(trial.remarks) for trial in self.of(Kind.TEST))


def kill_rate(mutants: Iterable[Trial]) -> Fraction:
    """Return the share of mutants that were caught; 1 if there are none."""
    survived = [trial.survived for trial in mutants]
    return 1 - Fraction(sum(survived), len(survived)) if survived else Fraction(1)
