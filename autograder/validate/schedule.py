"""How the steps of one assignment's proof get done: side by side, on benches that are kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import ParamSpec

from autograder.errors import InternalError
from autograder.examiner.process import TestDescription
from autograder.kernels.pool import Shelf
from autograder.validate.bench import Bench
from autograder.validate.proof import AssignmentProof, Proof

Arguments = ParamSpec("Arguments")
Listener = Callable[[AssignmentProof, Proof | None], None]


class Schedule:
    """
    Does the steps of one assignment's proof and collects what they prove.

    Args:
        result: Where the proofs are collected.
        workers: Threads that do the steps, shared between assignments.
        listener: Called with each proof.
        keep: How many benches to keep between steps.
    """

    def __init__(
        self, result: AssignmentProof, workers: ThreadPoolExecutor, listener: Listener, keep: int
    ) -> None:
        self.result = result
        self._workers = workers
        self._listener = listener
        self._benches: Shelf[Bench] = Shelf(lambda _: self._make_bench(), keep)
        self._make_bench: Callable[[], Bench] = _no_bench

    def make_benches(self, make: Callable[[], Bench]) -> None:
        """Say how a bench is made, once the assignment is loaded."""
        self._make_bench = make

    def close(self) -> None:
        """Close all benches."""
        self._benches.close()

    def note(self, proof: Proof) -> None:
        """Collect a proof."""
        self.result.proofs.append(proof)
        self._listener(self.result, proof)

    def do(
        self, step: Callable[Arguments, Proof], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Proof]:
        """Do a step that needs no bench."""
        return self._workers.submit(self._timed, lambda: step(*args, **kwargs))

    def on_bench(
        self, step: Callable[..., Proof], subject: object, *arguments: object
    ) -> Future[Proof]:
        """Do a step that takes the subject, a bench and more arguments."""
        return self._workers.submit(
            self._timed, lambda: self._with_bench(lambda bench: step(subject, bench, *arguments))
        )

    def collected_tests(self) -> tuple[TestDescription, ...]:
        """Give the assignment's tests, as a bench has collected them."""
        bench = self._benches.take("")
        self._benches.put("", bench)
        return bench.tests

    def _with_bench(self, step: Callable[[Bench], Proof]) -> Proof:
        bench = self._benches.take("")
        try:
            proof = step(bench)
        except BaseException:
            bench.close()
            raise
        self._benches.put("", bench)
        return proof

    def _timed(self, step: Callable[[], Proof]) -> Proof:
        began = time.monotonic()
        try:
            proof = step()
        except InternalError:
            # A fault of ours is no fault of the assignment's: once more, then give up.
            proof = step()
        proof = replace(proof, seconds=time.monotonic() - began)
        self.note(proof)
        return proof


def _no_bench() -> Bench:
    raise AssertionError("the assignment is not loaded yet")
