"""Trials on a forked notebook: the solution, references, misconceptions and alternatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from autograder.validate.bank import Answer, ReferenceAnswers
from autograder.validate.forked_notebook import AnswerResult, ForkedNotebook
from autograder.validate.results import Fault, Hint, Kind, Trial
from autograder.validate.subject import Subject

WRONG_ANSWER_SEEDS: Final = 5
REFERENCE_SEEDS: Final = 3
REFERENCE_PATIENCE: Final = 6.0
"""TensorFlow takes a thousand times longer for a small step than NumPy."""


def sweep_solution(subject: Subject, forked: ForkedNotebook) -> Trial:
    """Prove that the solution passes every test with every seed."""
    outcomes = forked.examine("", _any_question(subject), subject.runs(subject.pool))
    faults: dict[str, Fault] = {}
    for seed, outcome in zip(subject.pool, outcomes, strict=True):
        for test in outcome.failed:
            faults.setdefault(test, subject.failure(test, outcome, "the solution", seed))
    failed = frozenset(faults)
    return subject.trial(Kind.REFERENCE, "solution, every seed", *faults.values(), failed=failed)


def try_reference(subject: Subject, forked: ForkedNotebook, answers: ReferenceAnswers) -> Trial:
    """Prove that a reference gets full marks; TensorFlow's may take its time."""
    seeds = subject.seeds[: 1 if subject.quick else REFERENCE_SEEDS]
    own = [test for question in answers.questions for test in subject.tests_of(question)]
    runs = [
        (seed, [t for t in own if not (number and t.public)]) for number, seed in enumerate(seeds)
    ]
    faults: list[Fault] = []
    patience = REFERENCE_PATIENCE * subject.assignment.limits.call_seconds
    outcomes = forked.examine(
        answers.source, answers.questions[-1], runs, stop_from=0, call_seconds=patience
    )
    for seed, outcome in zip(seeds, outcomes, strict=False):
        who = f"the {answers.title}"
        faults += _refusal(outcome, who, str(subject.assignment.folder))
        faults += [subject.failure(test, outcome, who, seed) for test in outcome.failed]
        if faults:
            break
    return subject.trial(Kind.REFERENCE, answers.title, *faults)


def try_misconception(subject: Subject, forked: ForkedNotebook, answer: Answer) -> Trial:
    """Prove that a wrong answer loses points where it should, and nowhere else."""
    sample = answer.sample
    seeds = subject.seeds[: 1 if subject.quick else WRONG_ANSWER_SEEDS]
    runs = subject.runs(
        seeds, sample.question, widely=bool(sample.name is None or sample.follow_ups)
    )
    # With the first seed everything is judged; the others prove that it is caught with them, too.
    outcomes = list(forked.examine(sample.source, sample.question, runs, stop_from=1))
    for seed, outcome in zip(seeds, _with_public(subject, outcomes), strict=True):
        trial = _judged(subject, answer, outcome)
        if trial.faults:
            text = subject.solved.text(sample.source, sample.question)
            confirmed = subject.submit(text, seed)
            confirmed = replace(confirmed, refused=outcome.refused)
            trial = _judged(subject, answer, confirmed)
        if trial.faults or seed == seeds[0]:
            first = trial
        if trial.faults:
            break
    return replace(first, failed=_hidden(subject, outcomes))


def _with_public(subject: Subject, outcomes: Sequence[AnswerResult]) -> Iterator[AnswerResult]:
    """Return each outcome the first one's public tests, which know nothing of seeds."""
    public = {t: v for t, v in outcomes[0].verdicts.items() if subject.tests[t].public}
    for outcome in outcomes:
        yield replace(outcome, verdicts=public | outcome.verdicts)


def _judged(subject: Subject, answer: Answer, outcome: AnswerResult) -> Trial:
    """Judge a misconception by what the tests said of it."""
    sample, place = answer.sample, answer.place
    what = f"the misconception “{sample.title}”"
    faults = list(_refusal(outcome, what, place))
    if not faults and not subject.loses_points(sample.question, outcome):
        faults.append(Fault(f"{what} passes: no test of {sample.question} costs it points", place))
    elsewhere = [q for q in subject.questions_failed(outcome) if q != sample.question]
    for question in elsewhere:
        if question not in sample.follow_ups:
            names = subject.names(
                test for test in outcome.failed if subject.tests[test].question == question
            )
            faults.append(Fault(f"{what} also fails {names} of {question}", place))
    hint = _hint(answer, outcome)
    remarks = []
    if hint is Hint.WRONG:
        shown = outcome.hints[sample.question]
        faults.append(Fault(f"{what} gets another's hint: “{shown}”", place))
    elif hint is Hint.MISSING:
        remarks.append(Fault(f"{what} gets no hint", place))
    remarks += [
        Fault(f"{what} does not fail {question}, its declared follow-up", place)
        for question in sample.follow_ups
        if question not in elsewhere
    ]
    return subject.trial(
        Kind.MISCONCEPTION,
        sample.title,
        *faults,
        question=sample.question,
        remarks=tuple(remarks),
        hint=hint,
        only_hidden=_passes_public(subject, sample.question, outcome),
    )


def try_alternative(subject: Subject, forked: ForkedNotebook, answer: Answer) -> Trial:
    """Prove that a right answer gets full marks with every seed, and breaks no other question."""
    sample = answer.sample
    runs = subject.runs(subject.seeds, sample.question, widely=False)
    who = f"the alternative “{sample.title}”"
    faults: list[Fault] = []
    remarks: list[Fault] = []
    outcomes = forked.examine(sample.source, sample.question, runs, stop_from=0)
    for seed, outcome in zip(subject.seeds, outcomes, strict=False):
        if outcome.refused is not None:
            faults += _refusal(outcome, who, answer.place)
        elif outcome.failed:
            text = subject.solved.text(sample.source, sample.question)
            confirmed = subject.submit(text, seed)
            faults += [subject.failure(t, confirmed, who, seed) for t in confirmed.failed]
            if not confirmed.failed:
                first = subject.failure(outcome.failed[0], outcome, who, seed)
                reason = f"passed at the second try only; at the first one {first.reason}"
                remarks.append(Fault(reason, answer.place))
        if faults:
            break
    return subject.trial(
        Kind.ALTERNATIVE,
        sample.title,
        *faults,
        question=sample.question,
        remarks=tuple(remarks),
    )


def _any_question(subject: Subject) -> str:
    return next(question.id for question in subject.assignment.questions if question.solution)


def _refusal(outcome: AnswerResult, who: str, place: str) -> Iterator[Fault]:
    if outcome.refused is not None:
        yield Fault(f"the code of {who} raises {outcome.refused}", place)


def _hint(answer: Answer, outcome: AnswerResult) -> Hint:
    shown = outcome.hints.get(answer.sample.question)
    if shown is None:
        return Hint.MISSING
    return Hint.OWN if shown == answer.sample.hint else Hint.WRONG


def _passes_public(subject: Subject, question: str, outcome: AnswerResult) -> bool:
    public = {test.id for test in subject.tests_of(question) if test.public}
    return bool(public) and not public & set(outcome.failed)


def _hidden(subject: Subject, outcomes: Iterable[AnswerResult]) -> frozenset[str]:
    failed = {test for outcome in outcomes for test in outcome.failed}
    return frozenset(test for test in failed if not subject.tests[test].public)
