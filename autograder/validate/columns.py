"""The columns of the gate's table, as the terminal and the summary both show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from autograder.validate.results import AssignmentValidation, Kind

Column = Callable[[AssignmentValidation], str]


def _share(good: int, total: int) -> str:
    return f"{good}/{total}" if total else "-"


def _references(result: AssignmentValidation) -> str:
    return _share(result.good(Kind.REFERENCE), len(result.of(Kind.REFERENCE)))


def _misconceptions(result: AssignmentValidation) -> str:
    return _share(result.good(Kind.MISCONCEPTION), len(result.of(Kind.MISCONCEPTION)))


def _hints(result: AssignmentValidation) -> str:
    return _share(result.hinted, len(result.of(Kind.MISCONCEPTION)))


def _alternatives(result: AssignmentValidation) -> str:
    tried = len(result.of(Kind.ALTERNATIVE))
    return f"{_share(result.good(Kind.ALTERNATIVE), tried)} x {result.seeds}" if tried else "-"


def _mutants(result: AssignmentValidation) -> str:
    killed = sum(not mutant.survived for mutant in result.mutants)
    equivalent = f" (+{result.equivalent})" if result.equivalent else ""
    return f"{_share(killed, len(result.mutants))}{equivalent}"


def _idle_tests(result: AssignmentValidation) -> str:
    return str(result.idle_tests) if result.of(Kind.TEST) else "-"


def _seconds(result: AssignmentValidation) -> str:
    return f"{result.seconds:.0f}" if result.done else "…"


def verdict(result: AssignmentValidation) -> str:
    """Return whether an assignment is valid, in a word."""
    if any(each.faults for each in result.trials):
        return "fails"
    return "valid" if result.done else "…"


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
