"""A share of the answers is graded by two people, blind to each other; instructors settle."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.db import now
from web.models import CourseAssignment, SecondMark, SecondMarking, Submission, User
from web.services import audit
from web.services.errors import RuleError
from web.services.grading import claims, written_answers
from web.services.grading.marks import answer_hash_of
from web.services.grading.rubrics import with_rubric
from web.services.grading.shares import reading_order
from web.services.grading.written_answers import Entered, QueuedAnswer

_ALL: Final = 100
_DRAWS: Final = 2**32


class Choice(enum.StrEnum):
    """Whose points hold where two differ."""

    FIRST = "first"
    SECOND = "second"
    OTHER = "other"


@dataclass(frozen=True)
class Pair:
    """
    An answer that two people graded.

    Args:
        answer: Its place in the queue.
        mark: What the second one gave, with what the first one had given.
    """

    answer: QueuedAnswer
    mark: SecondMark

    @property
    def differs(self) -> bool:
        """Whether they gave different points."""
        return self.mark.first_tenths != self.mark.points_tenths

    @property
    def unsettled(self) -> bool:
        """Whether an instructor has to decide between the two."""
        return self.differs and self.mark.settled_at is None


@dataclass(frozen=True)
class SecondMarkings:
    """
    The second marking of a question.

    Args:
        percent: Of the answers; 0: there is none.
        drawn: The answers that two people grade.
        marks: What the second one gave, by the answer's submission.
    """

    percent: int
    drawn: Sequence[QueuedAnswer]
    marks: Mapping[int, SecondMark]

    @property
    def pairs(self) -> list[Pair]:
        """The answers that two people have graded."""
        return [
            Pair(each, self.marks[each.submission.id])
            for each in self.drawn
            if each.submission.id in self.marks
        ]

    def waiting_for(self, grader: User) -> list[QueuedAnswer]:
        """Return the answers that await a second grade and that this person may give it."""
        return [
            each
            for each in self.drawn
            if each.graded
            and each.submission.id not in self.marks
            and each.submission.user_id != grader.id
            and each.question.grade is not None
            and each.question.grade.grader_id != grader.id
        ]


def percent_of(session: Session, assignment: CourseAssignment, question_id: str) -> int:
    """Return which share of a question's answers two people grade, in percent."""
    row = session.scalar(_setting(assignment, question_id))
    return 0 if row is None else row.percent


def set_percent(
    session: Session, actor: User, assignment: CourseAssignment, question_id: str, percent: int
) -> None:
    """
    Change which share of a question's answers two people grade.

    Raises:
        RuleError: If it is no share.
    """
    if not 0 <= percent <= _ALL:
        raise RuleError("Choose from 0 to 100 percent of the answers.")
    row = session.scalar(_setting(assignment, question_id))
    before = 0 if row is None else row.percent
    if row is None:
        row = SecondMarking(assignment_id=assignment.id, question=question_id)
        session.add(row)
    row.percent = percent
    audit.record(
        session,
        actor,
        "second_marking.changed",
        course=assignment.course,
        target=f"{assignment.name}, {question_id}",
        changed={"percent": [before, percent]},
    )


def is_drawn(question_id: str, submission: Submission, percent: int) -> bool:
    """Return whether two people grade an answer; with a larger share, no other one drops out."""
    drawn = hashlib.sha256(b"second" + reading_order(question_id, submission)).digest()
    return int.from_bytes(drawn[:4]) * _ALL < percent * _DRAWS


def second_markings(
    session: Session,
    assignment: CourseAssignment,
    question_id: str,
    answers: Sequence[QueuedAnswer],
) -> SecondMarkings:
    """
    Return the second marking of a question.

    Args:
        session: To read by.
        assignment: Which.
        question_id: Of the written question.
        answers: Its queue.
    """
    percent = percent_of(session, assignment, question_id)
    drawn = [each for each in answers if is_drawn(question_id, each.submission, percent)]
    if not drawn:
        return SecondMarkings(percent, (), {})
    rows = session.execute(
        select(SecondMark, Submission.user_id)
        .join(Submission, Submission.id == SecondMark.submission_id)
        .where(Submission.assignment_id == assignment.id, SecondMark.question == question_id)
        .order_by(SecondMark.id)
    ).all()
    by_submission = {mark.submission_id: mark for mark, _ in rows}
    # As a grade, it holds for all of a student's attempts with the answer.
    by_answer = {(user_id, mark.answer_hash): mark for mark, user_id in rows if mark.answer_hash}
    found = {}
    for each in drawn:
        submission = each.submission
        key = submission.user_id, each.mark.answers.get(question_id, "")
        mark = by_submission.get(submission.id) or by_answer.get(key)
        if mark is not None:
            found[submission.id] = mark
    return SecondMarkings(percent, drawn, found)


def take_next(
    session: Session,
    grader: User,
    assignment: CourseAssignment,
    question_id: str,
    leaving: Submission | None = None,
) -> Submission | None:
    """Claim the next answer that awaits this person's second grade; ``None`` if there is none."""
    if leaving is not None:
        claims.drop(session, grader, leaving, question_id)
    queue = written_answers.queue(session, assignment, question_id)
    waiting = second_markings(session, assignment, question_id, queue).waiting_for(grader)
    place = b"" if leaving is None else reading_order(question_id, leaving)
    ordered = [(reading_order(question_id, each.submission), each.submission) for each in waiting]
    ordered.sort(key=lambda each: (each[0] == place, each[0] < place, each[0]))
    for _, submission in ordered:
        if claims.take(session, grader, submission, question_id):
            return submission
    return None


def awaits(session: Session, grader: User, submission: Submission, question_id: str) -> bool:
    """Return whether an answer awaits this person's second grade, so that they see no first one."""
    assignment = submission.assignment
    percent = percent_of(session, assignment, question_id)
    if not percent or not is_drawn(question_id, submission, percent):
        return False
    queue = written_answers.queue(session, assignment, question_id)
    found = second_markings(session, assignment, question_id, queue).waiting_for(grader)
    return any(each.submission.id == submission.id for each in found)


def save(
    session: Session, grader: User, submission: Submission, question_id: str, entered: Entered
) -> SecondMark:
    """
    Keep what a second person gives for an answer.

    Args:
        session: A writing session; the caller commits.
        grader: Who.
        submission: Where the answer stands.
        question_id: Of the written question.
        entered: What they typed and chose.

    Raises:
        RuleError: If the answer awaits no second grade of theirs, or the points do not follow.
    """
    if not awaits(session, grader, submission, question_id):
        raise RuleError("This answer needs no second grade from you any more.")
    first = written_answers.grade_of(session, submission, question_id)
    snapshot = written_answers.graded_snapshot(session, submission)
    question = written_answers.written_question(snapshot, question_id)
    assert first is not None  # or it would not wait
    assert question is not None
    question = with_rubric(session, submission.assignment, question)
    given = written_answers.decided(question, entered, answer_hash_of(submission, question_id))
    mark = SecondMark(
        submission_id=submission.id,
        question=question_id,
        answer_hash=given.answer_hash,
        first_tenths=first.points_tenths,
        first_grader_id=first.grader_id,
        points_tenths=given.points_tenths,
        items=given.items,
        reason=given.reason,
        comment=given.comment,
        grader_id=grader.id,
    )
    try:
        with session.begin_nested():
            session.add(mark)
    except IntegrityError:
        raise RuleError("Somebody else has just given the second grade.") from None
    claims.drop(session, grader, submission, question_id)
    _record(session, grader, submission, mark, "second_marking.graded")
    return mark


def settle(
    session: Session,
    actor: User,
    pair: Pair,
    choice: Choice,
    points_tenths: int | None = None,
    reason: str = "",
) -> None:
    """
    Decide between two grades that differ.

    Args:
        session: A writing session; the caller commits.
        actor: Who decides.
        pair: What two people gave.
        choice: Whose points hold.
        points_tenths: If neither's, which.
        reason: Why, if neither's; the student reads it.

    Raises:
        RuleError: If it is settled, or the points do not follow.
    """
    mark, submission = pair.mark, pair.answer.submission
    if not pair.unsettled:
        raise RuleError("These grades agree, or somebody has settled them already.")
    if choice is not Choice.FIRST:
        other = choice is Choice.OTHER
        if other and (points_tenths is None or not reason.strip()):
            raise RuleError("Enter the points and a reason; the student will see it.")
        _give(session, actor, pair, points_tenths if other else None, reason)
    mark.settled_at = now()
    _record(session, actor, submission, mark, "second_marking.settled", choice=choice.value)


def _give(
    session: Session, actor: User, pair: Pair, points_tenths: int | None, reason: str
) -> None:
    """Let the second grade hold, or other points."""
    mark, submission = pair.mark, pair.answer.submission
    grade = pair.answer.question.grade
    snapshot = written_answers.graded_snapshot(session, submission)
    question = written_answers.written_question(snapshot, mark.question)
    assert question is not None
    rubric = with_rubric(session, submission.assignment, question).current_rubric
    known = {(number, item.text) for number, item in enumerate(rubric)}
    items = tuple(each.index for each in mark.items if (each.index, each.text) in known)
    entered = Entered(
        0 if grade is None else grade.version,
        items,
        mark.points_tenths if points_tenths is None else points_tenths,
        reason.strip() or mark.reason or "Settled after second marking.",
        mark.comment,
    )
    written_answers.save(session, actor, submission, mark.question, entered)


def _setting(assignment: CourseAssignment, question_id: str) -> Select[SecondMarking]:
    return select(SecondMarking).where(
        SecondMarking.assignment_id == assignment.id, SecondMarking.question == question_id
    )


def _record(
    session: Session,
    actor: User,
    submission: Submission,
    mark: SecondMark,
    action: str,
    **details: str,
) -> None:
    audit.record(
        session,
        actor,
        action,
        course=submission.assignment.course,
        target=audit.question_target(submission, mark.question),
        first=mark.first_tenths,
        second=mark.points_tenths,
        **details,
    )
