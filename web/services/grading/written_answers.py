"""Grade written answers: whose turn an answer is, and what a person gives for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    ChosenRubricItem,
    CourseAssignment,
    GradingClaim,
    ManualGrade,
    Snapshot,
    SnapshotQuestion,
    Submission,
    User,
)
from web.services import audit, lookup
from web.services.errors import RuleError
from web.services.grading import claims, grade_changes, rubrics, shares
from web.services.grading.marks import (
    Mark,
    answer_hash_of,
    counted_marks,
    question_mark_of,
    released_with,
)
from web.services.grading.shares import reading_order
from web.services.grading.worth import QuestionMark

MAX_TEXT: Final = 10_000


class NewerGradeError(RuleError):
    """
    Somebody else has graded the answer since it was read.

    Args:
        grade: What they gave.
    """

    def __init__(self, grade: ManualGrade) -> None:
        super().__init__(f"{grade.grader.name} graded this answer in the meantime.")
        self.grade = grade


class ChangedRubricError(RuleError):
    """Items were chosen from a rubric that has been changed since."""

    def __init__(self) -> None:
        super().__init__(
            "The rubric has been changed since you opened this page. Choose the items again."
        )


@dataclass(frozen=True)
class QueuedAnswer:
    """
    An answer in the queue of a written question.

    Args:
        mark: Of the attempt that it stands in.
        question: Its own.
        claim: Who reads it now, if anybody does.
    """

    mark: Mark
    question: QuestionMark
    claim: GradingClaim | None

    @property
    def submission(self) -> Submission:
        """The attempt that it stands in."""
        whole = self.mark.submission
        assert isinstance(whole, Submission)  # `student_marks` reads whole ones
        return whole

    @property
    def graded(self) -> bool:
        """Whether it awaits nobody any more."""
        return self.question.tenths is not None and not self.question.outdated


@dataclass(frozen=True)
class Entered:
    """
    What a grader typed and chose.

    Args:
        version: Of the grade that they read; 0 if there was none.
        items: Numbers of the rubric's items that were met, from 0.
        points_tenths: Typed points; ``None``: the items' sum.
        reason: Why typed points are not the items' sum.
        comment: For the student.
        rubric: The `rubric_version` whose items they chose; empty: the present one.
    """

    version: int
    items: tuple[int, ...] = ()
    points_tenths: int | None = None
    reason: str = ""
    comment: str = ""
    rubric: str = ""


def written_questions(snapshot: Snapshot) -> list[SnapshotQuestion]:
    """Return the questions of an assignment that a person grades."""
    return [question for question in snapshot.questions if question.manual]


def written_question(snapshot: Snapshot, question_id: str) -> SnapshotQuestion | None:
    """Find a question that a person grades."""
    found = written_questions(snapshot)
    return next((question for question in found if question.id == question_id), None)


def student_marks(
    session: Session, assignment: CourseAssignment, *, people: bool = True
) -> list[Mark]:
    """
    Return the mark that counts of each present student, in the order of submission.

    Args:
        session: To read by.
        assignment: Which.
        people: Whether to read whose they are, too, for a page that names all of them.
    """
    students = lookup.student_ids(session, assignment.course)
    marks = counted_marks(session, assignment, students, people=people).values()
    return sorted(marks, key=lambda mark: mark.submission.id)


def queue(
    session: Session,
    assignment: CourseAssignment,
    question_id: str,
    marks: Sequence[Mark] | None = None,
) -> list[QueuedAnswer]:
    """
    Return the answers to a written question, of the attempts that count, in the order of reading.

    Args:
        session: To read by.
        assignment: Which.
        question_id: Of the written question.
        marks: Those of `student_marks`, if they are known already.
    """
    marks = student_marks(session, assignment, people=False) if marks is None else marks
    held = claims.present(session, [mark.submission.id for mark in marks], question_id)
    answers = []
    for mark in marks:
        question = mark.question(question_id)
        if question is not None and question.manual:
            answers.append(QueuedAnswer(mark, question, held.get(mark.submission.id)))
    return sorted(answers, key=lambda each: reading_order(question_id, each.submission))


def take_next(
    session: Session,
    grader: User,
    assignment: CourseAssignment,
    question_id: str,
    leaving: Submission | None = None,
) -> Submission | None:
    """
    Claim the next answer that nobody has graded and nobody else reads; ``None`` if there is none.

    Those that are assigned to the grader come first, so that nobody waits while others are left.

    Args:
        session: A writing session; the caller commits.
        grader: Who asks.
        assignment: Which.
        question_id: Of the written question.
        leaving: The answer they come from; those after it come first, itself last of all.
    """
    place = b"" if leaving is None else reading_order(question_id, leaving)
    if leaving is not None:
        claims.drop(session, grader, leaving, question_id)
    waiting = [each for each in queue(session, assignment, question_id) if not each.graded]
    owners = shares.owners(session, assignment, question_id, [each.submission for each in waiting])
    numbered = [(reading_order(question_id, each.submission), each) for each in waiting]

    def turn(order: bytes, answer: QueuedAnswer) -> tuple[bool, bool, bool, bytes]:
        own = shares.is_own(owners, grader, answer.submission)
        return order == place, not own, order < place, order

    numbered.sort(key=lambda each: turn(*each))
    for _, answer in numbered:
        if claims.take(session, grader, answer.submission, question_id):
            return answer.submission
    return None


def grade_of(session: Session, submission: Submission, question_id: str) -> ManualGrade | None:
    """Return what a person gave for an answer, in this attempt or another, if one did."""
    question = question_mark_of(session, submission, question_id)
    if question is None or question.grade is None:
        return None
    session.refresh(question.grade)
    return question.grade


def save(
    session: Session,
    grader: User,
    submission: Submission,
    question_id: str,
    entered: Entered,
    *,
    decision: str = "",
) -> ManualGrade:
    """
    Grade an answer.

    Args:
        session: A writing session; the caller commits.
        grader: Who grades.
        submission: Where the answer stands.
        question_id: Of the written question.
        entered: What they typed and chose.
        decision: The id of the decision that this is a part of; by default it is one of its own.

    Raises:
        NewerGradeError: If somebody else has graded it since the grader read it.
        ChangedRubricError: If the items are those of another rubric.
        RuleError: If the points do not follow from what was entered.
    """
    question = written_question(graded_snapshot(session, submission), question_id)
    if question is None:
        raise RuleError("This question is not graded manually.")
    question = rubrics.with_rubric(session, submission.assignment, question)
    given = decided(question, entered, answer_hash_of(submission, question_id))
    before = grade_of(session, submission, question_id)
    old_tenths = None if before is None else before.points_tenths
    released_at = released_with(session, submission, question_id)
    if before is not None:
        released_at = before.released_at or released_at
    replaced = _to_replace(session, submission, question, before)
    old = grade_changes.state_of(replaced)
    if replaced is None:
        _insert(session, grader, submission, question_id, given, released_at)
    else:
        version = entered.version if replaced is before else replaced.version
        _replace(session, grader, replaced, version, given, released_at)
    claims.drop(session, grader, submission, question_id)
    audit.record(
        session,
        grader,
        "answer.graded",
        course=submission.assignment.course,
        target=audit.question_target(submission, question_id),
        before=old_tenths,
        after=given.points_tenths,
        reason=given.reason,
    )
    saved = grade_of(session, submission, question_id)
    assert saved is not None
    grade_changes.record(session, decision or grade_changes.new_decision(), saved, old)
    return saved


def graded_snapshot(session: Session, submission: Submission) -> Snapshot:
    """Return the version that a submission's present result rests on."""
    result = submission.result
    number = submission.snapshot_id if result is None else result.snapshot_id
    return session.get_one(Snapshot, number)


def rubric_sum(question: SnapshotQuestion, items: Sequence[int]) -> int:
    """Return what chosen items of a rubric are worth together, within the question's points."""
    return question.points_for([question.current_rubric[number] for number in items])


@dataclass(frozen=True)
class Decided:
    """What follows from what a grader entered; names are those of `ManualGrade`."""

    items: tuple[ChosenRubricItem, ...]
    points_tenths: int
    reason: str
    comment: str
    answer_hash: str | None
    question_hash: str


def decided(question: SnapshotQuestion, entered: Entered, answer: str | None) -> Decided:
    """
    Return what follows from what a grader entered.

    Args:
        question: With the present rubric.
        entered: What they typed and chose.
        answer: The answer's hash.

    Raises:
        ChangedRubricError: If the items are those of another rubric.
        RuleError: If the points do not follow.
    """
    rubric = question.current_rubric
    if entered.rubric not in ("", question.rubric_version):
        raise ChangedRubricError
    chosen = sorted({number for number in entered.items if 0 <= number < len(rubric)})
    reason = entered.reason.strip()[:MAX_TEXT]
    points = _points(question, chosen, entered.points_tenths, reason)
    return Decided(
        tuple(ChosenRubricItem(n, rubric[n].points_tenths, rubric[n].text) for n in chosen),
        points,
        reason if points != rubric_sum(question, chosen) or not rubric else "",
        entered.comment.strip()[:MAX_TEXT],
        answer,
        question.hash,
    )


def _points(question: SnapshotQuestion, chosen: list[int], typed: int | None, reason: str) -> int:
    if typed is None:
        if not chosen:
            raise RuleError("Choose rubric items, or enter the points (0 for none).")
        return rubric_sum(question, chosen)
    if not 0 <= typed <= question.max_tenths:
        raise RuleError(f"This question gives from 0 to {question.max_tenths / 10:g} points.")
    if question.current_rubric and typed != rubric_sum(question, chosen) and not reason:
        raise RuleError("These points differ from the sum of the chosen items: enter a reason.")
    return typed


def _to_replace(
    session: Session, submission: Submission, question: SnapshotQuestion, before: ManualGrade | None
) -> ManualGrade | None:
    """
    Return the grade in whose place a new one comes; ``None`` if it stands beside all others.

    Another attempt keeps what it has by its own version of the question.
    """
    if before is None or before.submission_id == submission.id:
        return before
    if before.question_hash in (None, question.hash):
        return before
    return session.scalar(
        select(ManualGrade).where(
            ManualGrade.submission_id == submission.id, ManualGrade.question == question.id
        )
    )


def _insert(
    session: Session,
    grader: User,
    submission: Submission,
    question_id: str,
    decision: Decided,
    released_at: datetime | None,
) -> None:
    grade = ManualGrade(
        submission_id=submission.id,
        question=question_id,
        grader_id=grader.id,
        version=grade_changes.next_version(session, submission, question_id),
        released_at=released_at,
        **vars(decision),
    )
    try:
        with session.begin_nested():
            session.add(grade)
    except IntegrityError:
        # Another grader was quicker by a moment.
        newer = grade_of(session, submission, question_id)
        assert newer is not None
        raise NewerGradeError(newer) from None


def _replace(
    session: Session,
    grader: User,
    before: ManualGrade,
    version: int,
    decision: Decided,
    released_at: datetime | None,
) -> None:
    done = session.execute(
        update(ManualGrade)
        .where(ManualGrade.id == before.id, ManualGrade.version == version)
        .values(
            **vars(decision),
            grader_id=grader.id,
            graded_at=now(),
            released_at=released_at,
            version=version + 1,
        )
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an update's result has it
        raise NewerGradeError(before)
