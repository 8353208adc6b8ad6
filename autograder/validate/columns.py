"""The columns of the gate's table, as the terminal and the summary both show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from autograder.validate.results import AssignmentValidation, Kind

Column = Callable[[AssignmentValidation], str]


def _share(good: int, total: int) -> str:
    return f"{good}/{total}" if total else "-"


def _references(trial: AssignmentValidation) -> str:
    return _share(trial.good(Kind.REFERENCE), len(trial.of(Kind.REFERENCE)))


def _misconceptions(trial: AssignmentValidation) -> str:
    return _share(trial.good(Kind.MISCONCEPTION), len(trial.of(Kind.MISCONCEPTION)))


def _hints(trial: AssignmentValidation) -> str:
    return _share(trial.hinted, len(trial.of(Kind.MISCONCEPTION)))


def _alternatives(trial: AssignmentValidation) -> str:
    tried = len(trial.of(Kind.ALTERNATIVE))
    return f"{_share(trial.good(Kind.ALTERNATIVE), tried)} x {trial.seeds}" if tried else "-"


def _mutants(trial: AssignmentValidation) -> str:
    killed = sum(not mutant.survived for mutant in trial.mutants)
    equivalent = f" (+{trial.equivalent})" if trial.equivalent else ""
    return f"{_share(killed, len(trial.mutants))}{equivalent}"


def _idle_tests(trial: AssignmentValidation) -> str:
    return str(trial.idle_tests) if trial.of(Kind.TEST) else "-"


def _seconds(trial: AssignmentValidation) -> str:
    return f"{trial.seconds:.0f}" if trial.done else "…"


def verdict(trial: AssignmentValidation) -> str:
    """Return whether an assignment is valid, in a word."""
    if any(each.faults for each in trial.trials):
        return "fails"
    return "valid" if trial.done else "…"


COLUMNS: Final[dict[str, Column]] = {
    "references": _references,
    "misconceptions": _misconceptions,
    "own hint": _hints,
    "alternatives": _alternatives,
    "mutants": _mutants,
    "idle tests": _idle_tests,
    "seconds": _seconds,
    "verdict": verdict,
}
