"""
What a submission is worth: the one place that everything else asks.

A question's points come from a member of staff's override, else from a person's grade, else from
the tests. Late penalties come last and stand apart. Which attempt counts follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload, selectinload

from web.models import (
    CountedAttempt,
    CourseAssignment,
    ManualGrade,
    PointsOverride,
    Result,
    Snapshot,
    SnapshotQuestion,
    SnapshotRubricItem,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.deadlines import IN_TIME, Lateness
from web.services.courses.rule_book import RuleBook, rule_book
from web.services.grading.decisions import Decisions, current_grade, decisions, portions
from web.services.grading.rubrics import ChangedRubrics, changed_rubrics
from web.services.submissions.answers import stored_hash

_Tenths = dict[str, int | None]


@dataclass(frozen=True)
class QuestionMark:
    """
    What one question of a submission is worth, in tenths of points.

    Args:
        id: The question's id.
        max_tenths: What it can give.
        manual: Whether a person grades it.
        tests_tenths: What its tests gave; ``None`` if a person grades it, or nobody can read it.
        grade: What a person gave, if one did.
        override: A member of staff's word, which wins.
        outdated: Whether the grade was given by another version of the question.
        rubric: By which a person grades it, in the version that it was graded by.
    """

    id: str
    max_tenths: int
    manual: bool
    tests_tenths: int | None
    grade: ManualGrade | None = None
    override: PointsOverride | None = None
    outdated: bool = False
    rubric: tuple[SnapshotRubricItem, ...] = ()

    @property
    def tenths(self) -> int | None:
        """What it is worth; ``None`` while nobody knows."""
        if self.override is not None:
            return self.override.points_tenths
        if self.manual:
            return None if self.grade is None else self.grade.points_tenths
        return self.tests_tenths

    @property
    def highest_tenths(self) -> int:
        """What it is worth, or can still become."""
        return self.max_tenths if self.tenths is None else self.tenths


@dataclass(frozen=True)
class Worth:
    """
    What a submission is worth to somebody who may know it, in tenths of points.

    Args:
        submission: Which.
        result_id: Of the grading that it rests on.
        questions: In the notebook's order.
        lateness: By the rules as they stand now.
        damaged: Whether what the tests gave cannot be read. It is worth what people gave, and can
            still become anything.
    """

    submission: Submission
    result_id: int
    questions: tuple[QuestionMark, ...]
    lateness: Lateness = IN_TIME
    damaged: bool = False

    @cached_property
    def tenths(self) -> int:
        """The points so far, before the late penalty."""
        return sum(question.tenths or 0 for question in self.questions)

    @cached_property
    def max_tenths(self) -> int:
        """The points of all questions."""
        return sum(question.max_tenths for question in self.questions)

    @cached_property
    def final_tenths(self) -> int:
        """The points so far, after the late penalty."""
        return self.lateness.penalised(self.tenths)

    @property
    def penalty_tenths(self) -> int:
        """What the late penalty takes."""
        return self.tenths - self.final_tenths

    @cached_property
    def highest_tenths(self) -> int:
        """The points after the penalty if all that awaits a person were right."""
        return self.lateness.penalised(sum(question.highest_tenths for question in self.questions))

    @cached_property
    def awaiting(self) -> tuple[str, ...]:
        """The questions that await a person."""
        return tuple(question.id for question in self.questions if question.tenths is None)

    @property
    def complete(self) -> bool:
        """Whether nothing awaits a person, and nothing is unknown."""
        return bool(self.questions) and not self.awaiting

    def question(self, question_id: str) -> QuestionMark | None:
        """Return one question's mark."""
        return next((each for each in self.questions if each.id == question_id), None)


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
    chosen = {each.id: (results or {}).get(each.id, each.result_id) for each in submissions}
    graded = {each.id: each for each in submissions if chosen[each.id] is not None}
    parts = _parts(session, [result for result in chosen.values() if result is not None])
    grades = decisions(session, ManualGrade, graded.values())
    overrides = decisions(session, PointsOverride, graded.values())
    if book is None:
        assignments = {each.assignment for each in graded.values()}
        book = rule_book(session, assignments, {each.user_id for each in graded.values()})
    decided = {*grades.students, *overrides.students}
    rubrics = changed_rubrics(session, {each for each, _ in decided}) if decided else {}
    marks = {}
    for submission in graded.values():
        result_id = chosen[submission.id] or 0
        part = parts[result_id]
        rules = book.rules(submission.assignment, submission.user_id)
        if (submission.assignment_id, submission.user_id) in decided:
            questions = tuple(
                _question_mark(submission, part, question, grades, overrides, rubrics)
                for question in part.questions
            )
        else:
            questions = part.by_tests
        late = rules.lateness_of(submission)
        marks[submission.id] = Mark(
            submission,
            result_id,
            questions,
            late,
            damaged=part.tenths is None,
            answers=part.answers,
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
    return None if mark is None else mark.submission


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


@dataclass(frozen=True)
class _Part:
    """
    What a result says.

    Args:
        questions: In the notebook's order.
        tenths: What their tests gave; ``None`` if nobody can read it.
        answers: Which answers they had.
        by_tests: What they are worth where no person has decided anything.
    """

    questions: tuple[SnapshotQuestion, ...]
    tenths: _Tenths | None
    answers: Mapping[str, str]
    by_tests: tuple[QuestionMark, ...]


def _question_mark(
    submission: Submission,
    part: _Part,
    question: SnapshotQuestion,
    grades: Decisions[ManualGrade],
    overrides: Decisions[PointsOverride],
    rubrics: ChangedRubrics,
) -> QuestionMark:
    answer = part.answers.get(question.id)
    grade, outdated = current_grade(grades.on(submission, question.id, answer), question)
    return QuestionMark(
        question.id,
        question.max_tenths,
        question.manual,
        None if part.tenths is None else part.tenths.get(question.id),
        grade,
        next(iter(overrides.on(submission, question.id, answer)), None),
        outdated,
        _rubric(submission, question, rubrics),
    )


def _rubric(
    submission: Submission, question: SnapshotQuestion, rubrics: ChangedRubrics
) -> tuple[SnapshotRubricItem, ...]:
    if not rubrics or not question.manual:
        return question.rubric
    key = submission.assignment_id, question.id, question.hash
    return rubrics.get(key, question.rubric)


def _parts(session: Session, result_ids: Sequence[int]) -> dict[int, _Part]:
    """Read what points are made of; the reports and notebooks are large and stay unread."""
    rows: list[Any] = []
    for some in portions(result_ids):
        columns = (Result.id, Result.snapshot_id, Result.question_tenths, Result.answers)
        rows += session.execute(select(*columns).where(Result.id.in_(some))).all()
    # Many results rest on few snapshots, whose questions are long: each is read and parsed once.
    snapshots = {row.snapshot_id for row in rows}
    known = select(Snapshot.id, Snapshot.questions).where(Snapshot.id.in_(snapshots))
    questions = {row.id: row.questions for row in session.execute(known)}
    # Much of a class has the same points, so these are put together once.
    shared: dict[object, tuple[QuestionMark, ...]] = {}
    parts = {}
    for row in rows:
        asked = questions[row.snapshot_id]
        # A version without questions is damaged, and so is all that rests on it.
        tenths = _readable(row.question_tenths) if asked else None
        key = row.snapshot_id, None if tenths is None else tuple(tenths.items())
        if key not in shared:
            shared[key] = _by_tests(asked, tenths)
        answers = row.answers if isinstance(row.answers, dict) else {}
        parts[row.id] = _Part(asked, tenths, answers, shared[key])
    return parts


def _by_tests(
    questions: Iterable[SnapshotQuestion], tenths: _Tenths | None
) -> tuple[QuestionMark, ...]:
    known = tenths or {}
    return tuple(
        QuestionMark(each.id, each.max_tenths, each.manual, known.get(each.id))
        for each in questions
    )


def _readable(tenths: object) -> _Tenths | None:
    """Return points by question as they are stored; ``None`` if a damaged row holds others."""
    if not isinstance(tenths, dict):
        return None
    return tenths if all(type(each) in (int, type(None)) for each in tenths.values()) else None
