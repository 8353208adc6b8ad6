"""
What a submission is worth: the one place that everything else asks.

A question's points come from a member of staff's override, else from a person's grade, else from
the tests. Late penalties come last and stand apart. Which attempt counts follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload, selectinload

from web.models import (
    CountedAttempt,
    CourseAssignment,
    ManualGrade,
    PointsOverride,
    Result,
    SnapshotQuestion,
    SnapshotRubricItem,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.deadlines import IN_TIME
from web.services.courses.rule_book import RuleBook, rule_book
from web.services.grading.decisions import Decisions, current_grade, decisions
from web.services.grading.rubrics import ChangedRubrics, changed_rubrics
from web.services.grading.tested_points import Part, answer_hashes, parts
from web.services.grading.worth import Attempt, QuestionMark, QuestionMarks, Worth
from web.services.submissions.answers import stored_hash


@dataclass(frozen=True)
class Mark(Worth):
    """
    What a submission is worth, as staff know it; what students know is a `VisibleMark`.

    Args:
        answers: The hashes of its answers, by question.
    """

    answers: Mapping[str, str] = field(default_factory=dict)


def mark_of(
    session: Session, submission: Submission, *, result_id: int | None = None
) -> Mark | None:
    """
    Return what a submission is worth, as staff see it; ``None`` if it has not been graded.

    Args:
        session: To read by.
        submission: Which.
        result_id: What it would be worth by another of its results.
    """
    chosen = None if result_id is None else {submission.id: result_id}
    return marks_of(session, [submission], results=chosen).get(submission.id)


def marks_of(
    session: Session,
    submissions: Iterable[Submission],
    *,
    results: Mapping[int, int] | None = None,
    book: RuleBook | None = None,
) -> dict[int, Mark]:
    """
    Return what submissions are worth, by their ids, as staff see it; the ungraded are left out.

    Args:
        session: To read by.
        submissions: Which; a few thousand take a handful of queries.
        results: Other results to go by, by submission.
        book: The rules, if they have been read already.
    """
    submissions = list(submissions)
    if book is None:
        graded = [each for each in submissions if (results or {}).get(each.id, each.result_id)]
        assignments = {each.assignment for each in graded}
        book = rule_book(session, assignments, {each.user_id for each in graded})
    by_id = {each.assignment_id: each.assignment for each in submissions}
    return marks_by_rules(session, submissions, by_id, book, results=results)


def marks_by_rules(
    session: Session,
    attempts: Iterable[Attempt],
    assignments: Mapping[int, CourseAssignment],
    book: RuleBook,
    *,
    results: Mapping[int, int] | None = None,
    with_answers: bool = True,
) -> dict[int, Mark]:
    """
    Return what attempts are worth, by their ids, as staff see it; the ungraded are left out.

    Args:
        session: To read by.
        attempts: Which.
        assignments: Theirs, by id.
        book: The rules.
        results: Other results to go by, by submission.
        with_answers: Whether to read the hashes of all answers, not only of those that people have
            decided about.
    """
    given = results or {}
    chosen = [(each, given.get(each.id, each.result_id)) for each in attempts]
    graded = [(attempt, result_id) for attempt, result_id in chosen if result_id is not None]
    grades = decisions(session, ManualGrade, [attempt for attempt, _ in graded])
    overrides = decisions(session, PointsOverride, [attempt for attempt, _ in graded])
    decided = {*grades.students, *overrides.students}
    rubrics = changed_rubrics(session, {each for each, _ in decided}) if decided else {}
    found = parts(session, [result_id for _, result_id in graded])
    of_decided = [
        result_id
        for attempt, result_id in graded
        if with_answers or (attempt.assignment_id, attempt.user_id) in decided
    ]
    hashes = answer_hashes(session, of_decided)
    marks = {}
    for attempt, result_id in graded:
        part, answers = found[result_id], hashes.get(result_id, {})
        questions = part.by_tests
        if (attempt.assignment_id, attempt.user_id) in decided:
            questions = QuestionMarks(
                _question_mark(attempt, part, question, answers, grades, overrides, rubrics)
                for question in part.questions
            )
        rules = book.rules(assignments[attempt.assignment_id], attempt.user_id)
        late = IN_TIME if attempt.practice else rules.lateness(attempt.received_at)
        marks[attempt.id] = Mark(
            attempt, result_id, questions, late, damaged=part.tenths is None, answers=answers
        )
    return marks


def answer_hash_of(submission: Submission, question_id: str) -> str | None:
    """Return the hash of a submission's answer, by which people's decisions on it are found."""
    result = submission.result
    if result is None:
        return None
    if isinstance(result.answers, dict):
        return result.answers.get(question_id)
    return stored_hash(result.notebook, result.staff_view, question_id)


def question_mark_of(
    session: Session, submission: Submission, question_id: str
) -> QuestionMark | None:
    """Return what one question is worth, as staff see it; ``None`` if it has not been graded."""
    mark = mark_of(session, submission)
    return None if mark is None else mark.question(question_id)


def released_with(session: Session, submission: Submission, question_id: str) -> datetime | None:
    """Return since when an attempt with this answer is released; ``None`` if none is."""
    answer = answer_hash_of(submission, question_id)
    rows = session.execute(
        select(Submission.released_at, Result.answers)
        .join(Result, Submission.result_id == Result.id)
        .where(
            Submission.user_id == submission.user_id,
            Submission.assignment_id == submission.assignment_id,
            Submission.released_at.is_not(None),
        )
    )
    alike = [at for at, answers in rows if answer and (answers or {}).get(question_id) == answer]
    return submission.released_at or next(iter(alike), None)


def counted(rule: CountedAttempt, marks: Sequence[Mark]) -> Mark | None:
    """
    Return the mark that counts among one student's: the best after penalties, or the last.

    An attempt that awaits a person ranks by what it can still become, so that it is graded before
    it is passed over; among equals one that awaits nobody comes first, then the newest.
    """
    if len(marks) < 2:
        return marks[0] if marks else None
    if rule is CountedAttempt.LAST:
        return max(marks, key=lambda mark: mark.submission.number)
    return max(marks, key=lambda mark: (mark.highest_tenths, mark.complete, mark.submission.number))


def counted_submission(
    session: Session, assignment: CourseAssignment, user: User
) -> Submission | None:
    """Return the attempt that counts for a student, as staff see it; ``None`` if none is graded."""
    mark = counted_marks(session, assignment, [user.id]).get(user.id)
    return None if mark is None else session.get_one(Submission, mark.submission.id)


def counted_marks(
    session: Session,
    assignment: CourseAssignment,
    user_ids: Sequence[int] | None = None,
    book: RuleBook | None = None,
    *,
    people: bool = True,
) -> dict[int, Mark]:
    """
    Return the mark that counts for each student, by the student's id, as staff see it.

    Args:
        session: To read by.
        assignment: Which.
        user_ids: Of whom; everybody by default.
        book: The rules, if they have been read already.
        people: Whether to read whose they are, too.
    """
    marks = graded_marks(session, assignment, user_ids, book, people=people)
    return counted_by_user(assignment.counted, marks)


def counted_by_user(rule: CountedAttempt, marks: Iterable[Mark]) -> dict[int, Mark]:
    """Choose the mark that counts for each student, by the student's id."""
    by_user: dict[int, list[Mark]] = {}
    for mark in marks:
        by_user.setdefault(mark.submission.user_id, []).append(mark)
    chosen = {user_id: counted(rule, theirs) for user_id, theirs in by_user.items()}
    return {user_id: mark for user_id, mark in chosen.items() if mark is not None}


def graded_marks(
    session: Session,
    assignment: CourseAssignment,
    user_ids: Sequence[int] | None = None,
    book: RuleBook | None = None,
    *,
    people: bool = True,
) -> list[Mark]:
    """Return the marks of all graded attempts but practice, as staff see them, the first first."""
    query = (
        select(Submission)
        .where(
            Submission.assignment_id == assignment.id,
            Submission.state == SubmissionState.GRADED,
            Submission.practice.is_(False),
        )
        .order_by(Submission.id)
        # Joined, the assignment and its snapshot would be read again with every row.
        .options(lazyload(Submission.assignment))
    )
    if people:
        query = query.options(selectinload(Submission.user))
    if user_ids is not None:
        query = query.where(Submission.user_id.in_(user_ids))
    found = session.scalars(query).all()
    marks = marks_of(session, found, book=book)
    return [marks[each.id] for each in found if each.id in marks]


def _question_mark(
    attempt: Attempt,
    part: Part,
    question: SnapshotQuestion,
    answers: Mapping[str, str],
    grades: Decisions[ManualGrade],
    overrides: Decisions[PointsOverride],
    rubrics: ChangedRubrics,
) -> QuestionMark:
    answer = answers.get(question.id)
    grade, outdated = current_grade(grades.on(attempt, question.id, answer), question)
    return QuestionMark(
        question.id,
        question.max_tenths,
        question.manual,
        None if part.tenths is None else part.tenths.get(question.id),
        grade,
        next(iter(overrides.on(attempt, question.id, answer)), None),
        outdated,
        _rubric(attempt, question, rubrics),
    )


def _rubric(
    attempt: Attempt, question: SnapshotQuestion, rubrics: ChangedRubrics
) -> tuple[SnapshotRubricItem, ...]:
    if not rubrics or not question.manual:
        return question.rubric
    key = attempt.assignment_id, question.id, question.hash
    return rubrics.get(key, question.rubric)
