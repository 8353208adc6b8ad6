"""In which order answers are read, and to which grader each is assigned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web.models import CourseAssignment, GradingShare, Membership, Role, Submission, User
from web.services import audit, lookup
from web.services.errors import RuleError
from web.services.people import groups

_Owners = Mapping[int, frozenset[int]]


@dataclass(frozen=True)
class Share:
    """
    What is assigned to a grader.

    Args:
        grader: Who.
        section: Whose students' answers; ``None``: an equal part of what is in no such section.
        answers: How many answers.
        graded: How many of them have been graded, by whomever.
    """

    grader: User
    section: str | None
    answers: int
    graded: int


def reading_order(question_id: str, submission: Submission) -> bytes:
    """
    Return by what the answers to a question are put in order for those who grade.

    Who reads many answers judges the first ones otherwise than the last ones. Neither who submitted
    early nor who was early in another question has an advantage or a disadvantage by that.
    """
    return hashlib.sha256(f"{question_id} {submission.public_id}".encode()).digest()


def graders_of(session: Session, assignment: CourseAssignment) -> Sequence[User]:
    """Return those who can be given answers: a course's present staff, by name."""
    return session.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.course_id == assignment.course_id,
            Membership.role != Role.STUDENT,
            Membership.active.is_(True),
        )
        .order_by(User.name, User.id)
    ).all()


def sections_of(session: Session, assignment: CourseAssignment) -> list[str]:
    """
    Return the sections that can be assigned; none where names are hidden.

    Whoever was given a small section would know whose answers they read.
    """
    if assignment.anonymous_grading:
        return []
    return groups.sections_of(lookup.students_of(session, assignment.course))


def owners(
    session: Session,
    assignment: CourseAssignment,
    question_id: str,
    submissions: Iterable[Submission],
) -> _Owners:
    """Return the graders to whom answers are assigned, by submission; of others there is none."""
    rows = _rows(session, assignment, question_id)
    if not rows:
        return {}
    by_section: dict[str, set[int]] = {}
    equal = sorted(each.grader_id for each in rows if _section(assignment, each) is None)
    for each in rows:
        section = _section(assignment, each)
        if section is not None:
            by_section.setdefault(section, set()).add(each.grader_id)
    members = lookup.students_of(session, assignment.course) if by_section else ()
    section_of = {each.user_id: each.section for each in members}
    found: dict[int, frozenset[int]] = {}
    for submission in submissions:
        own = by_section.get(section_of.get(submission.user_id) or "")
        if own:
            found[submission.id] = frozenset(own)
        elif equal:
            found[submission.id] = frozenset({_drawn(question_id, submission, equal)})
    return found


def is_own(found: _Owners, grader: User, submission: Submission) -> bool:
    """Return whether an answer is assigned to a grader."""
    return grader.id in found.get(submission.id, frozenset())


def shares(
    session: Session,
    assignment: CourseAssignment,
    question_id: str,
    answers: Sequence[tuple[Submission, bool]],
) -> list[Share]:
    """
    Return what is assigned to each grader of a question, by name.

    Args:
        session: To read by.
        assignment: Which.
        question_id: Of the written question.
        answers: All in its queue, and whether each has been graded.
    """
    found = owners(session, assignment, question_id, [each for each, _ in answers])
    result = []
    for row in _rows(session, assignment, question_id):
        own = [graded for each, graded in answers if is_own(found, row.grader, each)]
        result.append(Share(row.grader, _section(assignment, row), len(own), sum(own)))
    return sorted(result, key=lambda each: (each.grader.name, each.grader.id))


def assign(
    session: Session,
    actor: User,
    assignment: CourseAssignment,
    question_id: str,
    chosen: Mapping[int, str],
) -> None:
    """
    Assign the answers to a question to graders, in place of what was assigned before.

    Args:
        session: A writing session; the caller commits.
        actor: Who does it.
        assignment: Which.
        question_id: Of the written question.
        chosen: A section, or ``""`` for an equal part, by the grader's id.

    Raises:
        RuleError: If a grader or a section is none of the course's.
    """
    people = {each.id: each for each in graders_of(session, assignment)}
    sections = {"", *sections_of(session, assignment)}
    if not people.keys() >= chosen.keys() or not sections >= set(chosen.values()):
        raise RuleError("A grader or a section has changed in the meantime. Reload the page.")
    session.execute(
        delete(GradingShare).where(
            GradingShare.assignment_id == assignment.id, GradingShare.question == question_id
        )
    )
    for number, section in chosen.items():
        session.add(
            GradingShare(
                assignment_id=assignment.id,
                question=question_id,
                grader_id=number,
                section=section or None,
            )
        )
    audit.record(
        session,
        actor,
        "grading.shared",
        course=assignment.course,
        target=f"{assignment.name}, {question_id}",
        graders=", ".join(
            f"{people[number].name} ({section})" if section else people[number].name
            for number, section in chosen.items()
        ),
    )


def _rows(
    session: Session, assignment: CourseAssignment, question_id: str
) -> Sequence[GradingShare]:
    return session.scalars(
        select(GradingShare)
        .where(GradingShare.assignment_id == assignment.id, GradingShare.question == question_id)
        .order_by(GradingShare.grader_id)
    ).all()


def _section(assignment: CourseAssignment, row: GradingShare) -> str | None:
    # Where names were hidden since, a section would say whose answers they are.
    return None if assignment.anonymous_grading else row.section


def _drawn(question_id: str, submission: Submission, graders: Sequence[int]) -> int:
    """Return whose turn an answer is; it stays the same whoever has graded what."""
    drawn = hashlib.sha256(b"share" + reading_order(question_id, submission)).digest()
    return graders[int.from_bytes(drawn[:8]) % len(graders)]
