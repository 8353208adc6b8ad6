"""Change a question's rubric while it is graded, and what that does to what has been graded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    ChosenRubricItem,
    CourseAssignment,
    ManualGrade,
    QuestionRubric,
    SnapshotQuestion,
    SnapshotRubricItem,
    Submission,
    User,
)
from web.services import audit
from web.services.errors import RuleError

MOST_ITEMS: Final = 40
MAX_LENGTH: Final = 1000
_MOST_TENTHS: Final = 10_000


@dataclass(frozen=True)
class EditedItem:
    """
    An item of a new rubric.

    Args:
        was: Its number in the present rubric, from 0; ``None``: it is new.
        points_tenths: In tenths; negative: it costs points.
        text: What it is for.
    """

    was: int | None
    points_tenths: int
    text: str


@dataclass(frozen=True)
class GradeEffect:
    """
    What a new rubric makes of a grade.

    Args:
        grade_id: Which.
        version: Of the grade as it is.
        submission: Where its answer stands.
        items: Those that it would have.
        before: Its points as they are, in tenths.
        after: Its points as they would be.
        seen: Whether its student may have seen it.
    """

    grade_id: int
    version: int
    submission: Submission
    items: tuple[ChosenRubricItem, ...]
    before: int
    after: int
    seen: bool


@dataclass(frozen=True)
class RubricEffect:
    """
    What a new rubric does to what has been graded by the present one.

    Args:
        question: With the present rubric.
        rubric: The new one.
        grades: All whose items change, in points or words.
        typed: How many of them keep their points, since a grader typed them.
    """

    question: SnapshotQuestion
    rubric: tuple[SnapshotRubricItem, ...]
    grades: Sequence[GradeEffect]
    typed: int

    @property
    def changed(self) -> list[GradeEffect]:
        """Those whose points change."""
        return [each for each in self.grades if each.before != each.after]

    @property
    def raised(self) -> int:
        """How many get more points."""
        return sum(each.before < each.after for each in self.grades)

    @property
    def seen(self) -> int:
        """How many change that students may have seen."""
        return sum(each.seen for each in self.changed)

    @property
    def token(self) -> str:
        """What a form holds that was shown this effect."""
        plain = [
            self.question.rubric_version,
            [item.as_json() for item in self.rubric],
            sorted((each.grade_id, each.before, each.after) for each in self.changed),
        ]
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:16]


def effect_of(
    session: Session,
    assignment: CourseAssignment,
    question: SnapshotQuestion,
    edited: Sequence[EditedItem],
) -> RubricEffect:
    """
    Return what another rubric would do.

    Args:
        session: To read by.
        assignment: Which.
        question: With the present rubric.
        edited: The new one's items, in their order.

    Raises:
        RuleError: If it is none.
    """
    _check(question, edited)
    rubric = tuple(SnapshotRubricItem(each.points_tenths, each.text.strip()) for each in edited)
    places = {each.was: place for place, each in enumerate(edited) if each.was is not None}
    grades, typed = [], 0
    for grade, submission in _graded(session, assignment, question):
        items = _moved(grade, places, rubric)
        if items == grade.items:
            continue
        follows = grade.points_tenths == question.points_for(grade.items)
        after = question.points_for(items) if follows else grade.points_tenths
        typed += not follows
        seen = bool(grade.released_at or submission.released_at)
        grades.append(
            GradeEffect(
                grade.id, grade.version, submission, items, grade.points_tenths, after, seen
            )
        )
    return RubricEffect(question, rubric, grades, typed)


def save(session: Session, actor: User, assignment: CourseAssignment, effect: RubricEffect) -> None:
    """
    Change the rubric, and with it the grades that follow from it.

    Args:
        session: The writing session by which the effect was read; the caller commits.
        actor: Who does it.
        assignment: Which.
        effect: What it does, as the actor saw it.

    Raises:
        RuleError: If somebody else has changed one of the grades at this moment.
    """
    for each in effect.grades:
        _change(session, each)
    _store(session, actor, assignment, effect)
    question = effect.question
    audit.record(
        session,
        actor,
        "rubric.changed",
        course=assignment.course,
        target=f"{assignment.name}, {question.id}",
        changed={"rubric": [_words(question.current_rubric), _words(effect.rubric)]},
        raised=effect.raised,
        lowered=len(effect.changed) - effect.raised,
    )
    session.flush()
    session.expire_all()


def _check(question: SnapshotQuestion, edited: Sequence[EditedItem]) -> None:
    if not edited:
        raise RuleError("A rubric needs at least one item.")
    if len(edited) > MOST_ITEMS:
        raise RuleError(f"A rubric can have at most {MOST_ITEMS} items.")
    known = [each.was for each in edited if each.was is not None]
    if len(set(known)) < len(known) or not set(known) <= set(range(len(question.current_rubric))):
        raise RuleError("The rubric has changed in the meantime. Reload the page.")
    for each in edited:
        if not each.text.strip():
            raise RuleError("Each item needs a text; tick “Remove” if you do not need it.")
        if len(each.text) > MAX_LENGTH:
            raise RuleError(f"An item can have at most {MAX_LENGTH} characters.")
        if abs(each.points_tenths) > _MOST_TENTHS:
            raise RuleError(f"An item can give or take at most {_MOST_TENTHS // 10} points.")


def _graded(
    session: Session, assignment: CourseAssignment, question: SnapshotQuestion
) -> list[tuple[ManualGrade, Submission]]:
    """Return the grades that were given by the present rubric."""
    rows = session.execute(
        select(ManualGrade, Submission)
        .join(Submission, Submission.id == ManualGrade.submission_id)
        .where(
            Submission.assignment_id == assignment.id,
            ManualGrade.question == question.id,
            or_(ManualGrade.question_hash == question.hash, ManualGrade.question_hash.is_(None)),
        )
        .order_by(ManualGrade.id)
    ).all()
    known = {(n, item.text) for n, item in enumerate(question.current_rubric)}
    return [
        (grade, submission)
        for grade, submission in rows
        if all((item.index, item.text) in known for item in grade.items)
    ]


def _moved(
    grade: ManualGrade, places: dict[int, int], rubric: Sequence[SnapshotRubricItem]
) -> tuple[ChosenRubricItem, ...]:
    """Return a grade's items as they stand in another rubric, without those that are gone."""
    kept = sorted(places[each.index] for each in grade.items if each.index in places)
    return tuple(
        ChosenRubricItem(place, rubric[place].points_tenths, rubric[place].text) for place in kept
    )


def _change(session: Session, effect: GradeEffect) -> None:
    done = session.execute(
        update(ManualGrade)
        .where(ManualGrade.id == effect.grade_id, ManualGrade.version == effect.version)
        .values(items=effect.items, points_tenths=effect.after, version=effect.version + 1)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an update's result has it
        raise RuleError("Somebody changed a grade at this moment. Preview the change again.")


def _store(
    session: Session, actor: User, assignment: CourseAssignment, effect: RubricEffect
) -> None:
    question = effect.question
    row = session.scalar(
        select(QuestionRubric).where(
            QuestionRubric.assignment_id == assignment.id,
            QuestionRubric.question == question.id,
            QuestionRubric.question_hash == question.hash,
        )
    )
    if row is None:
        row = QuestionRubric(
            assignment_id=assignment.id, question=question.id, question_hash=question.hash
        )
        session.add(row)
    row.items, row.changed_by_id, row.changed_at = effect.rubric, actor.id, now()


def _words(rubric: Sequence[SnapshotRubricItem]) -> str:
    return "; ".join(f"{item.points_tenths / 10:+g} {item.text}" for item in rubric)
