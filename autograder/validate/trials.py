"""What trials on a bench prove: references, misconceptions, alternatives, mutants, hidden tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from autograder.examiner import TestDescription
from autograder.validate.bank import Answer, ReferenceAnswers
from autograder.validate.bench import Bench, Outcome
from autograder.validate.mutants import EquivalentMutant, Mutant
from autograder.validate.proof import (
    REQUIRED_KILL_RATE,
    Fault,
    Hint,
    Kind,
    Proof,
    kill_rate,
)
from autograder.validate.subject import Subject

WRONG_ANSWER_SEEDS: Final = 5
REFERENCE_SEEDS: Final = 5
REFERENCE_PATIENCE: Final = 6.0
"""TensorFlow takes a thousand times longer for a small step than NumPy."""
MUTANT_CALL_SECONDS: Final = 4.0
"""A mutant that takes longer, where the solution takes milliseconds, runs without end."""


def sweep_solution(subject: Subject, bench: Bench) -> Proof:
    """Prove that the solution passes every test with every seed."""
    everything = list(subject.tests.values())
    outcomes = bench.examine("", _any_question(subject), ((s, everything) for s in subject.seeds))
    faults: dict[str, Fault] = {}
    for seed, outcome in zip(subject.seeds, outcomes, strict=True):
        for test in outcome.failed:
            faults.setdefault(test, subject.failure(test, outcome, "the solution", seed))
    failed = frozenset(faults)
    return _proof(subject, Kind.REFERENCE, "solution, every seed", *faults.values(), failed=failed)


def try_reference(subject: Subject, bench: Bench, answers: ReferenceAnswers) -> Proof:
    """Prove that a reference gets full marks; TensorFlow's may take its time."""
    tests = [test for question in answers.questions for test in subject.tests_of(question)]
    seeds = subject.seeds[: 1 if subject.quick else REFERENCE_SEEDS]
    runs = ((seed, tests) for seed in seeds)
    faults: list[Fault] = []
    patience = REFERENCE_PATIENCE * subject.assignment.limits.call_seconds
    outcomes = bench.examine(
        answers.source, answers.questions[-1], runs, stop=True, call_seconds=patience
    )
    for seed, outcome in zip(seeds, outcomes, strict=False):
        who = f"the {answers.title}"
        faults += _refusal(outcome, who, str(subject.assignment.folder))
        faults += [subject.failure(test, outcome, who, seed) for test in outcome.failed]
        if faults:
            break
    return _proof(subject, Kind.REFERENCE, answers.title, *faults)


def try_misconception(subject: Subject, bench: Bench, answer: Answer) -> Proof:
    """Prove that a wrong answer loses points where it should, and nowhere else."""
    variant, own = answer.variant, subject.tests_of(answer.variant.question)
    seeds = subject.seeds[: 1 if subject.quick else WRONG_ANSWER_SEEDS]
    runs = [(seed, own if seed else list(subject.tests.values())) for seed in seeds]
    outcomes = list(bench.examine(variant.source, variant.question, runs))
    for seed, outcome in zip(seeds, outcomes, strict=True):
        proof = _judged(subject, answer, outcome)
        if proof.faults:
            text = subject.solved.text(variant.source, variant.question)
            confirmed = subject.submit(text, seed)
            confirmed = replace(confirmed, refused=outcome.refused)
            proof = _judged(subject, answer, confirmed)
        if proof.faults or seed == seeds[0]:
            first = proof
        if proof.faults:
            break
    return replace(first, failed=_hidden(subject, outcomes))


def _judged(subject: Subject, answer: Answer, outcome: Outcome) -> Proof:
    """Judge a misconception by what the tests said of it."""
    variant, place = answer.variant, answer.place
    what = f"the misconception “{variant.title}”"
    faults = list(_refusal(outcome, what, place))
    if not faults and not subject.loses_points(variant.question, outcome):
        faults.append(Fault(f"{what} passes: no test of {variant.question} costs it points", place))
    elsewhere = [q for q in subject.questions_failed(outcome) if q != variant.question]
    for question in elsewhere:
        if question not in variant.follow_ups:
            names = _names(
                test for test in outcome.failed if subject.tests[test].question == question
            )
            faults.append(Fault(f"{what} also fails {names} of {question}", place))
    hint = _hint(answer, outcome)
    remarks = []
    if hint is Hint.WRONG:
        shown = outcome.hints[variant.question]
        faults.append(Fault(f"{what} gets another's hint: “{shown}”", place))
    elif hint is Hint.MISSING:
        remarks.append(Fault(f"{what} gets no hint", place))
    remarks += [
        Fault(f"{what} does not fail {question}, its declared follow-up", place)
        for question in variant.follow_ups
        if question not in elsewhere
    ]
    return _proof(
        subject,
        Kind.MISCONCEPTION,
        variant.title,
        *faults,
        question=variant.question,
        remarks=tuple(remarks),
        hint=hint,
        only_hidden=_passes_public(subject, variant.question, outcome),
    )


def try_alternative(subject: Subject, bench: Bench, answer: Answer) -> Proof:
    """Prove that a right answer gets full marks with every seed, and breaks no other question."""
    variant, own = answer.variant, subject.tests_of(answer.variant.question)
    everything = list(subject.tests.values())
    runs = ((seed, own if seed else everything) for seed in subject.seeds)
    who = f"the alternative “{variant.title}”"
    faults: list[Fault] = []
    remarks: list[Fault] = []
    outcomes = bench.examine(variant.source, variant.question, runs, stop=True)
    for seed, outcome in zip(subject.seeds, outcomes, strict=False):
        if outcome.refused is not None:
            faults += _refusal(outcome, who, answer.place)
        elif outcome.failed:
            text = subject.solved.text(variant.source, variant.question)
            confirmed = subject.submit(text, seed)
            faults += [subject.failure(t, confirmed, who, seed) for t in confirmed.failed]
            if not confirmed.failed:
                remarks.append(
                    Fault(f"{who} passed only at the second try, seed {seed}", answer.place)
                )
        if faults:
            break
    return _proof(
        subject,
        Kind.ALTERNATIVE,
        variant.title,
        *faults,
        question=variant.question,
        remarks=tuple(remarks),
    )


def try_mutant(
    subject: Subject, bench: Bench, mutant: Mutant, declared: EquivalentMutant | None
) -> Proof:
    """Find out whether a mutant is killed by the tests of its question."""
    own = subject.tests_of(mutant.question)
    seeds = subject.seeds[: 1 if subject.quick and declared else WRONG_ANSWER_SEEDS]
    runs = ((seed, own) for seed in seeds)
    killers: tuple[str, ...] = ()
    survived = True
    for outcome in bench.examine(
        mutant.source, mutant.question, runs, stop=True, call_seconds=MUTANT_CALL_SECONDS
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
    faults, remarks = [], []
    if declared is not None and not survived:
        reason = f"is declared equivalent, but {_names(killers)} kills it: {mutant.title}"
        faults.append(Fault(f"a mutant {reason}", declared.place))
    if survived and declared is None:
        remarks.append(Fault(f"a mutant survives: {mutant.title}", mutant.place))
    return _proof(
        subject,
        Kind.MUTANT,
        mutant.title,
        *faults,
        question=mutant.question,
        remarks=tuple(remarks),
        failed=frozenset(killers),
        survived=survived,
        equivalent=declared is not None,
    )


def sum_up_mutants(
    subject: Subject, proofs: Iterable[Proof], stale: Iterable[EquivalentMutant]
) -> Proof:
    """Prove that enough mutants are killed, and that each declared one exists."""
    counted = [proof for proof in proofs if not proof.equivalent]
    faults = [
        Fault(
            f"{entry.question}: the mutant declared equivalent does not exist (any more): "
            f"{entry.original}  →  {entry.mutated}",
            entry.place,
        )
        for entry in stale
    ]
    rate = kill_rate(counted)
    if rate < REQUIRED_KILL_RATE:
        faults.append(
            Fault(
                f"the tests kill {float(rate):.1%} of the mutants; {float(REQUIRED_KILL_RATE):.0%} "
                "are required. Survivors: "
                + _questions(proof.question for proof in counted if proof.survived)
            )
        )
    return _proof(subject, Kind.MUTANT, "kill rate", *faults)


def try_test(
    subject: Subject, bench: Bench, test: TestDescription, mutants: Iterable[Mutant]
) -> Proof:
    """Look for a mutant that a hidden test kills, where no misconception fails it."""
    seed = subject.seeds[0]
    killed = any(not _passes(bench, mutant, seed, test) for mutant in mutants)
    return judge_test(subject, test, killed=killed)


def judge_test(subject: Subject, test: TestDescription, *, killed: bool) -> Proof:
    """Say whether a hidden test fails some wrong answer."""
    name = test.id.rpartition("::")[2]
    reason = f"{name} kills nothing: every misconception and every mutant passes it"
    remarks = () if killed else (Fault(reason, subject.place_of_test(test.id)),)
    return _proof(subject, Kind.TEST, name, question=test.question, remarks=remarks)


def _passes(bench: Bench, mutant: Mutant, seed: int, test: TestDescription) -> bool:
    runs = [(seed, [test])]
    outcomes = bench.examine(
        mutant.source, mutant.question, runs, stop=True, call_seconds=MUTANT_CALL_SECONDS
    )
    return not any(outcome.failed for outcome in outcomes)


def _any_question(subject: Subject) -> str:
    return next(question.id for question in subject.assignment.questions if question.solution)


def _refusal(outcome: Outcome, who: str, place: str) -> Iterator[Fault]:
    if outcome.refused is not None:
        yield Fault(f"the code of {who} raises {outcome.refused}", place)


def _hint(answer: Answer, outcome: Outcome) -> Hint:
    shown = outcome.hints.get(answer.variant.question)
    if shown is None:
        return Hint.MISSING
    return Hint.OWN if shown == answer.variant.hint else Hint.WRONG


def _passes_public(subject: Subject, question: str, outcome: Outcome) -> bool:
    public = {test.id for test in subject.tests_of(question) if test.public}
    return bool(public) and not public & set(outcome.failed)


def _hidden(subject: Subject, outcomes: Iterable[Outcome]) -> frozenset[str]:
    failed = {test for outcome in outcomes for test in outcome.failed}
    return frozenset(test for test in failed if not subject.tests[test].public)


def _names(tests: Iterable[str]) -> str:
    return ", ".join(test.rpartition("::")[2] for test in tests)


def _questions(questions: Iterable[str | None]) -> str:
    names = [name for name in questions if name]
    return ", ".join(f"{names.count(name)} in {name}" for name in dict.fromkeys(names))


def _proof(subject: Subject, kind: Kind, title: str, *faults: Fault, **facts: object) -> Proof:
    return replace(Proof(subject.assignment.name, kind, title, faults=faults), **facts)  # type: ignore[arg-type]  # names are those of `Proof`
