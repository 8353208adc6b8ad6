"""What mutants prove, and what they prove of the hidden tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from autograder.examiner.protocol import TestDescription
from autograder.validate.forked_notebook import ForkedNotebook
from autograder.validate.mutants import EquivalentMutant, Mutant
from autograder.validate.results import REQUIRED_KILL_RATE, Fault, Kind, Trial, kill_rate
from autograder.validate.subject import Subject

SURVIVOR_SEEDS: Final = 5
MUTANT_CALL_SECONDS: Final = 4.0
"""A mutant that takes longer, where the solution takes milliseconds, runs without end."""


def try_mutant(
    subject: Subject, forked: ForkedNotebook, mutant: Mutant, declared: EquivalentMutant | None
) -> Trial:
    """Find out whether a mutant is killed by the tests of its question."""
    own = subject.tests_of(mutant.question)
    seeds = subject.seeds[: 1 if subject.quick and declared else SURVIVOR_SEEDS]
    runs = ((seed, own) for seed in seeds)
    killers: tuple[str, ...] = ()
    survived = True
    for outcome in forked.examine(
        mutant.source, mutant.question, runs, stop_from=0, call_seconds=MUTANT_CALL_SECONDS
    ):
        killers = outcome.failed
        if killers or outcome.refused is not None:
            survived = False
            break
    if survived and declared is None:
        text = subject.solved.text(mutant.source, mutant.question)
        outcome = subject.submit(text, subject.seeds[0])
        killers = tuple(t for t in outcome.failed if subject.tests[t].question == mutant.question)
        survived = not killers
    undeclared = survived and declared is None
    if undeclared and mutant.probe and _makes_no_difference(subject, forked, mutant):
        title = f"{mutant.title} (makes no difference)"
        return subject.trial(Kind.MUTANT, title, question=mutant.question, equivalent=True)
    faults: list[Fault] = []
    remarks: list[Fault] = []
    if declared is not None and not survived:
        reason = f"is declared equivalent, but {subject.names(killers)} kills it: {mutant.title}"
        faults.append(Fault(f"a mutant {reason}", declared.place))
    if undeclared:
        found = faults if mutant.probe else remarks
        found.append(Fault(f"a mutant survives: {mutant.title}", mutant.place))
    return subject.trial(
        Kind.MUTANT,
        mutant.title,
        *faults,
        question=mutant.question,
        remarks=tuple(remarks),
        failed=frozenset(killers),
        survived=survived,
        equivalent=declared is not None,
    )


def _makes_no_difference(subject: Subject, forked: ForkedNotebook, mutant: Mutant) -> bool:
    """Return whether no test of the question meets what the mutant would be wrong about."""
    runs = [(subject.seeds[0], subject.tests_of(mutant.question))]
    outcomes = forked.examine(
        mutant.probe, mutant.question, runs, stop_from=0, call_seconds=MUTANT_CALL_SECONDS
    )
    return not any(outcome.failed or outcome.refused for outcome in outcomes)


def sum_up_mutants(
    subject: Subject, trials: Iterable[Trial], stale: Iterable[EquivalentMutant]
) -> Trial:
    """Prove that enough mutants are killed, and that each declared one exists."""
    counted = [trial for trial in trials if not trial.equivalent]
    faults = [
        Fault(
            f"the mutant declared equivalent does not exist (any more): "
            f"{entry.original}  →  {entry.mutated}",
            entry.place,
            entry.question,
        )
        for entry in stale
    ]
    rate = kill_rate(counted)
    if rate < REQUIRED_KILL_RATE:
        faults.append(
            Fault(
                f"the tests kill {float(rate):.1%} of the mutants; {float(REQUIRED_KILL_RATE):.0%} "
                "are required. Survivors: "
                + _questions(trial.question for trial in counted if trial.survived)
            )
        )
    return subject.trial(Kind.MUTANT, "kill rate", *faults)


def try_test(
    subject: Subject, forked: ForkedNotebook, test: TestDescription, mutants: Iterable[Mutant]
) -> Trial:
    """Look for a mutant that a hidden test kills, where no misconception fails it."""
    seed = subject.seeds[0]
    killed = any(not _passes(forked, mutant, seed, test) for mutant in mutants)
    return judge_test(subject, test, killed=killed)


def judge_test(subject: Subject, test: TestDescription, *, killed: bool) -> Trial:
    """Return whether a hidden test fails some wrong answer."""
    name = test.name
    reason = f"{name} kills nothing: every misconception and every mutant passes it"
    remarks = () if killed else (Fault(reason, subject.place_of_test(test.id)),)
    return subject.trial(Kind.TEST, name, question=test.question, remarks=remarks)


def _passes(forked: ForkedNotebook, mutant: Mutant, seed: int, test: TestDescription) -> bool:
    runs = [(seed, [test])]
    outcomes = forked.examine(
        mutant.source, mutant.question, runs, stop_from=0, call_seconds=MUTANT_CALL_SECONDS
    )
    return not any(outcome.failed for outcome in outcomes)


def _questions(questions: Iterable[str | None]) -> str:
    names = [name for name in questions if name]
    return ", ".join(f"{names.count(name)} in {name}" for name in dict.fromkeys(names))
