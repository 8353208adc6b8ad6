"""
The release gate: assignments are validated, on all cores.

For each assignment, in this order:

1. The folder loads, the student notebook holds no secret, no hidden test has got lost.
2. The solution gets full marks, by the whole pipeline and for every seed; so do the NumPy and the
   TensorFlow reference. The starter, an empty notebook and one that refuses every input get
   nothing. Each twice alike.
3. Every misconception loses points on its question and on no other; every alternative gets full
   marks for every seed; mutants of the solution are killed.
4. Every hidden test fails some wrong answer (a remark if it does not).

A question whose solution fails in 2 is left out of 3: all that could be said of it is said.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from autograder.assignment import Assignment, load_assignment
from autograder.errors import AssignmentError
from autograder.grade import Grader
from autograder.validate import killing, submissions, trials
from autograder.validate.bank import alternatives, misconceptions, references
from autograder.validate.forked_notebook import ForkedNotebook
from autograder.validate.mutants import Mutant, equivalent_mutants, mutants_of
from autograder.validate.results import AssignmentValidation, Kind, Trial
from autograder.validate.schedule import Listener, Schedule
from autograder.validate.subject import Subject

QUICK_MUTANTS: Final = 30
ASSIGNMENTS_AT_ONCE: Final = 2
"""So that the cores have work while the last steps of a stage end."""


def validate(
    folders: Sequence[Path], listener: Listener, *, quick: bool = False, workers: int | None = None
) -> list[AssignmentValidation]:
    """
    Validate assignments.

    Args:
        folders: Their folders.
        listener: Called with each trial as it is found, and without one when an assignment begins
            or ends; from several threads.
        quick: Whether to try fewer seeds and a sample of the mutants.
        workers: How many steps run at once; by default one for each core.

    Raises:
        InternalError: If a step could not be tried, for a reason of our own.
    """
    count = workers or os.cpu_count() or 1

    def prove(folder: Path) -> AssignmentValidation:
        schedule = Schedule(AssignmentValidation(folder.name), steps, listener, keep=count)
        gate = _Gate(folder, grader, schedule, quick=quick)
        listener(schedule.result, None)
        began = time.monotonic()
        try:
            gate.run()
        finally:
            schedule.close()
            schedule.result.seconds = time.monotonic() - began
        schedule.result.done = True
        listener(schedule.result, None)
        return schedule.result

    with (
        Grader(spares=1) as grader,
        ThreadPoolExecutor(count) as steps,
        ThreadPoolExecutor(ASSIGNMENTS_AT_ONCE) as stages,
    ):
        futures = [stages.submit(prove, folder) for folder in folders]
        try:
            return [future.result() for future in futures]
        finally:
            stages.shutdown(wait=False, cancel_futures=True)
            steps.shutdown(cancel_futures=True)


class _Gate:
    """One assignment on its way through the gate."""

    def __init__(self, folder: Path, grader: Grader, schedule: Schedule, *, quick: bool) -> None:
        self._folder = folder
        self._grader = grader
        self._schedule = schedule
        self._quick = quick

    def run(self) -> None:
        """Run all stages, one after the other; a broken folder ends them."""
        try:
            assignment = load_assignment(self._folder)
            equivalent_mutants(self._folder)
            student = submissions.try_student_notebook(assignment)
            self._schedule.note(student)
            if not student.faults:
                self._try_all(self._subject(assignment))
        except AssignmentError as error:
            fault = submissions.fault_of(error)
            self._schedule.note(Trial(self._folder.name, Kind.FOLDER, "folder", faults=(fault,)))

    def _subject(self, assignment: Assignment) -> Subject:
        pool = self._grader.pool(assignment)
        self._schedule.make_notebooks(lambda: ForkedNotebook(pool, assignment))
        tests = self._schedule.collected_tests()
        subject = Subject(assignment, self._grader, {test.id: test for test in tests}, self._quick)
        self._schedule.result.seeds = len(subject.seeds)
        return subject

    def _try_all(self, subject: Subject) -> None:
        self._schedule.note(submissions.count_promised_tests(subject))
        self._schedule.note(submissions.check_titles(subject))
        sound = self._try_references(subject)
        tried = self._try_answers(subject, sound) + self._try_mutants(subject, sound)
        if not self._quick:
            self._try_tests(subject, sound, tried)

    def _try_references(self, subject: Subject) -> set[str]:
        """Prove all that must get full marks or none; give the questions that are solved."""
        futures = [
            self._schedule.do(submissions.grade_solution, subject),
            self._schedule.do(submissions.grade_starter, subject),
            self._schedule.do(submissions.grade_empty, subject),
            self._schedule.do(submissions.grade_refusing, subject),
            self._schedule.on_notebook(trials.sweep_solution, subject),
        ]
        futures += [
            self._schedule.on_notebook(trials.try_reference, subject, answers)
            for answers in references(subject.assignment, tensorflow=not self._quick)
        ]
        tried = [future.result() for future in futures]
        failed = {subject.tests[test].question for trial in tried for test in trial.failed}
        return {question.id for question in subject.assignment.questions} - failed

    def _try_answers(self, subject: Subject, sound: set[str]) -> list[Trial]:
        """Try the answers to solved questions, wrong ones and right ones."""
        futures = [
            self._schedule.on_notebook(trial, subject, answer)
            for trial, bank in (
                (trials.try_misconception, misconceptions),
                (trials.try_alternative, alternatives),
            )
            for answer in bank(subject.assignment)
            if answer.sample.question in sound
        ]
        return [future.result() for future in futures]

    def _try_mutants(self, subject: Subject, sound: set[str]) -> list[Trial]:
        """Try the mutants of solved questions."""
        declared = equivalent_mutants(self._folder)
        mutants = mutants_of(subject.assignment)
        chosen = self._sample([mutant for mutant in mutants if mutant.question in sound])
        futures = []
        for mutant in mutants:
            entry = next((each for each in declared if each.declares(mutant)), None)
            if mutant in chosen or (entry is not None and mutant.question in sound):
                futures.append(
                    self._schedule.on_notebook(killing.try_mutant, subject, mutant, entry)
                )
        trials = [future.result() for future in futures]
        stale = [each for each in declared if not any(map(each.declares, mutants))]
        self._schedule.note(killing.sum_up_mutants(subject, trials, stale))
        return trials

    def _try_tests(self, subject: Subject, sound: set[str], tried: list[Trial]) -> None:
        """Look for hidden tests that no wrong answer fails."""
        failing = {test for trial in tried for test in trial.failed}
        mutants = mutants_of(subject.assignment)
        futures = []
        for test in subject.tests.values():
            if test.public or test.question not in sound:
                continue
            if test.id in failing:
                self._schedule.note(killing.judge_test(subject, test, killed=True))
            else:
                own = [mutant for mutant in mutants if mutant.question == test.question]
                futures.append(self._schedule.on_notebook(killing.try_test, subject, test, own))
        for future in futures:
            future.result()

    def _sample(self, mutants: list[Mutant]) -> set[Mutant]:
        """Return all mutants or, in a quick validation, some from everywhere."""
        count = min(len(mutants), QUICK_MUTANTS) if self._quick else len(mutants)
        return {mutants[number * len(mutants) // count] for number in range(count)}
