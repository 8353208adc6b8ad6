"""
The release gate: every assignment proves itself, on all cores.

For each assignment, in this order:

1. The folder loads, the student notebook holds no secret, no hidden test has got lost.
2. The solution gets full marks, by the whole pipeline and for every seed; so do the NumPy and the
   TensorFlow reference. The starter and an empty notebook get nothing. Each twice alike.
3. Every misconception loses points on its question and on no other; every alternative gets full
   marks for every seed; mutants of the solution are killed.
4. Every hidden test fails some wrong answer (a remark if it does not).

A question whose solution fails in 2 is left out of 3: all that could be said of it is said.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from autograder.assignment import Assignment, load_assignment
from autograder.errors import AssignmentError, InternalError
from autograder.grade import Grader
from autograder.pool import Shelf
from autograder.validate import submissions, trials
from autograder.validate.bank import alternatives, misconceptions, references
from autograder.validate.bench import Bench
from autograder.validate.mutants import Mutant, equivalent_mutants, mutants_of
from autograder.validate.proof import AssignmentProof, Fault, Kind, Proof
from autograder.validate.subject import Subject

QUICK_MUTANTS: Final = 30
ASSIGNMENTS_AT_ONCE: Final = 2
"""So that the cores have work while the last steps of a stage end."""

Step = Callable[[], Proof]
BenchStep = Callable[[Bench], Proof]
Listener = Callable[[AssignmentProof, Proof | None], None]


def validate(
    folders: Sequence[Path], listener: Listener, *, quick: bool = False, workers: int | None = None
) -> list[AssignmentProof]:
    """
    Let assignments prove themselves.

    Args:
        folders: Their folders.
        listener: Called with each proof as it is found, and without one when an assignment begins
            or ends; from several threads.
        quick: Whether to try fewer seeds and a sample of the mutants.
        workers: How many steps run at once; by default one for each core.

    Raises:
        InternalError: If a step could not be tried, for a reason of our own.
    """
    count = workers or os.cpu_count() or 1
    with (
        Grader(spares=1) as grader,
        ThreadPoolExecutor(count) as steps,
        ThreadPoolExecutor(ASSIGNMENTS_AT_ONCE) as stages,
    ):
        gates = [_Gate(folder, grader, steps, listener, quick=quick) for folder in folders]
        futures = [stages.submit(gate.run) for gate in gates]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
            steps.shutdown(wait=True, cancel_futures=True)


class _Gate:
    """One assignment on its way through the gate."""

    def __init__(
        self,
        folder: Path,
        grader: Grader,
        steps: ThreadPoolExecutor,
        listener: Listener,
        *,
        quick: bool,
    ) -> None:
        self._folder = folder
        self._grader = grader
        self._steps = steps
        self._listener = listener
        self._quick = quick
        self._result = AssignmentProof(folder.name)
        self._benches: Shelf[Bench] = Shelf(self._new_bench, keep=os.cpu_count() or 1)
        self._assignment: Assignment | None = None

    def run(self) -> AssignmentProof:
        """Run all stages, one after the other."""
        began = time.monotonic()
        self._listener(self._result, None)
        try:
            assignment = self._loaded()
            if assignment is not None:
                self._prove(assignment)
        finally:
            self._benches.close()
            self._result.seconds = time.monotonic() - began
        self._result.done = True
        self._listener(self._result, None)
        return self._result

    def _loaded(self) -> Assignment | None:
        try:
            self._assignment = load_assignment(self._folder)
            equivalent_mutants(self._folder)
        except AssignmentError as error:
            self._note(self._broken("folder", error))
            return None
        student = submissions.prove_student_notebook(self._assignment)
        self._note(student)
        return None if student.faults else self._assignment

    def _prove(self, assignment: Assignment) -> None:
        try:
            bench = self._benches.take("")
            subject = Subject(
                assignment, self._grader, {test.id: test for test in bench.tests}, self._quick
            )
            self._benches.put("", bench)
            self._result.seeds = len(subject.seeds)
            self._note(submissions.prove_promised_tests(subject))
            sound = self._prove_references(subject)
            tried = self._try_answers(subject, sound)
        except AssignmentError as error:
            self._note(self._broken("tests and answers", error))
            return
        if not self._quick:
            self._prove_tests(subject, sound, tried)

    def _prove_references(self, subject: Subject) -> set[str]:
        """Prove all that must get full marks or none; give the questions that are solved."""
        whole: list[Step] = [
            lambda: submissions.prove_solution(subject),
            lambda: submissions.prove_starter(subject),
            lambda: submissions.prove_empty(subject),
        ]
        tried: list[BenchStep] = [lambda bench: trials.sweep_solution(subject, bench)]
        tried += [
            lambda bench, answers=answers: trials.try_reference(subject, bench, answers)
            for answers in references(subject.assignment)
        ]
        futures = [self._do(step) for step in whole] + [self._on_bench(step) for step in tried]
        proofs = [future.result() for future in futures]
        failed = {subject.tests[test].question for proof in proofs for test in proof.failed}
        return {question.id for question in subject.assignment.questions} - failed

    def _try_answers(self, subject: Subject, sound: set[str]) -> list[Proof]:
        wrong = [
            each for each in misconceptions(subject.assignment) if each.variant.question in sound
        ]
        right = [
            each for each in alternatives(subject.assignment) if each.variant.question in sound
        ]
        declared = equivalent_mutants(self._folder)
        mutants = mutants_of(subject.assignment)
        stale = [each for each in declared if not any(map(each.declares, mutants))]
        futures = [
            self._on_bench(lambda bench, each=each: trials.try_misconception(subject, bench, each))
            for each in wrong
        ]
        futures += [
            self._on_bench(lambda bench, each=each: trials.try_alternative(subject, bench, each))
            for each in right
        ]
        mutated = []
        for mutant in self._sample(mutant for mutant in mutants if mutant.question in sound):
            entry = next((each for each in declared if each.declares(mutant)), None)
            mutated.append(
                self._on_bench(
                    lambda bench, mutant=mutant, entry=entry: trials.try_mutant(
                        subject, bench, mutant, entry
                    )
                )
            )
        proofs = [future.result() for future in futures]
        killed = [future.result() for future in mutated]
        self._note(trials.sum_up_mutants(subject, killed, stale))
        return proofs + killed

    def _prove_tests(self, subject: Subject, sound: set[str], tried: list[Proof]) -> None:
        """Look for hidden tests that no wrong answer fails."""
        killing = {test for proof in tried for test in proof.failed}
        mutants = mutants_of(subject.assignment)
        futures = []
        for test in subject.tests.values():
            if test.public or test.question not in sound:
                continue
            if test.id in killing:
                self._note(trials.judge_test(subject, test, killed=True))
                continue
            own = [mutant for mutant in mutants if mutant.question == test.question]
            futures.append(
                self._on_bench(
                    lambda bench, test=test, own=own: trials.try_test(subject, bench, test, own)
                )
            )
        for future in futures:
            future.result()

    def _sample(self, mutants: Iterable[Mutant]) -> list[Mutant]:
        """Give all mutants or, in a hurry, some of each question and each operator."""
        chosen = list(mutants)
        if not self._quick or len(chosen) <= QUICK_MUTANTS:
            return chosen
        return [chosen[number * len(chosen) // QUICK_MUTANTS] for number in range(QUICK_MUTANTS)]

    def _on_bench(self, step: BenchStep) -> Future[Proof]:
        def run() -> Proof:
            bench = self._benches.take("")
            try:
                proof = step(bench)
            except BaseException:
                bench.close()
                raise
            self._benches.put("", bench)
            return proof

        return self._do(run)

    def _do(self, step: Step) -> Future[Proof]:
        def run() -> Proof:
            began = time.monotonic()
            try:
                proof = step()
            except InternalError:
                # A fault of ours is no fault of the assignment's: once more, then give up.
                proof = step()
            proof = replace(proof, seconds=time.monotonic() - began)
            self._note(proof)
            return proof

        return self._steps.submit(run)

    def _note(self, proof: Proof) -> None:
        self._result.proofs.append(proof)
        self._listener(self._result, proof)

    def _broken(self, title: str, error: AssignmentError) -> Proof:
        fault: Fault = submissions.fault_of(error)
        return Proof(self._folder.name, Kind.FOLDER, title, faults=(fault,))

    def _new_bench(self, _: str) -> Bench:
        assert self._assignment is not None
        return Bench(self._grader._pool(self._assignment.environment), self._assignment)
