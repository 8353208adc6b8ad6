"""The columns of the gate's table, as the terminal and the summary both show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from autograder.validate.proof import AssignmentProof, Kind

Column = Callable[[AssignmentProof], str]


def _share(good: int, total: int) -> str:
    return f"{good}/{total}" if total else "-"


def _references(proof: AssignmentProof) -> str:
    return _share(proof.good(Kind.REFERENCE), len(proof.of(Kind.REFERENCE)))


def _misconceptions(proof: AssignmentProof) -> str:
    return _share(proof.good(Kind.MISCONCEPTION), len(proof.of(Kind.MISCONCEPTION)))


def _hints(proof: AssignmentProof) -> str:
    return _share(proof.hinted, len(proof.of(Kind.MISCONCEPTION)))


def _alternatives(proof: AssignmentProof) -> str:
    tried = len(proof.of(Kind.ALTERNATIVE))
    return f"{_share(proof.good(Kind.ALTERNATIVE), tried)} x {proof.seeds}" if tried else "-"


def _mutants(proof: AssignmentProof) -> str:
    killed = sum(not mutant.survived for mutant in proof.mutants)
    equivalent = f" (+{proof.equivalent})" if proof.equivalent else ""
    return f"{_share(killed, len(proof.mutants))}{equivalent}"


def _idle_tests(proof: AssignmentProof) -> str:
    return str(proof.idle_tests) if proof.of(Kind.TEST) else "-"


def _seconds(proof: AssignmentProof) -> str:
    return f"{proof.seconds:.0f}" if proof.done else "…"


def verdict(proof: AssignmentProof) -> str:
    """Say whether an assignment has proved itself."""
    if any(each.faults for each in proof.proofs):
        return "fails"
    return "proved" if proof.done else "…"


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
