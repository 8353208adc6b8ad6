"""Counts of ungraded answers: fresh for small courses, bounded in what they cost for large."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World
from tests.web.services.grading.test_marks import person
from tests.web.services.grading.test_student_list import add
from web.db import now
from web.models import Course, CourseAssignment, Result, Submission, SubmissionState
from web.services.grading import ungraded as module
from web.services.grading.ungraded import UngradedAnswers

NAMES = ("a", "b", "c", "xor")


@pytest.fixture
def several(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Let there be four assignments with a written question, on however slow a machine."""
    monkeypatch.setattr(module, "_QUICK_SECONDS", 60.0)
    with world.database.write.begin() as session:
        for name in NAMES[:-1]:
            add(session, name, due_at=now())
    return world


def answer_all(world: World) -> None:
    """Let a student have a graded attempt with an ungraded answer in each assignment."""
    with world.database.write.begin() as session:
        for assignment in session.scalars(select(CourseAssignment)):
            _answer(session, assignment)


def _answer(session: Session, assignment: CourseAssignment) -> None:
    attempt = Submission(
        assignment=assignment,
        user=person(session, "Student"),
        snapshot_id=assignment.snapshot_id,
        number=1,
        file_name="a.ipynb",
        sha256="0" * 64,
        size_bytes=1,
        state=SubmissionState.GRADED,
    )
    session.add(attempt)
    session.flush()
    attempt.result = Result(
        submission_id=attempt.id,
        snapshot_id=assignment.snapshot_id,
        score_tenths=0,
        question_tenths={each.id: 0 for each in assignment.snapshot.questions if not each.manual},
        staff_view={},
        student_view={},
        notebook="{}",
        seconds=1.0,
    )


def counted(world: World, answers: UngradedAnswers) -> Sequence[str]:
    """Return the assignments with ungraded answers, as they are known."""
    with world.database.read() as session:
        course = session.scalars(select(Course).where(Course.slug == "dl")).one()
        names = {each.id: each.name for each in session.scalars(select(CourseAssignment))}
        return [names[each.assignment_id] for each in answers.of_course(session, course)]


def test_what_is_kept_is_counted_anew_once_something_was_written(several: World) -> None:
    """And not before."""
    answers = UngradedAnswers(page_seconds=60.0)
    assert counted(several, answers) == []
    answer_all(several)

    assert counted(several, answers) == []
    answers.forget()
    assert counted(several, answers) == list(NAMES)


def test_what_others_write_is_seen_after_a_while(
    several: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grading workers are processes of their own, which tell nobody."""
    answers = UngradedAnswers(page_seconds=60.0)
    assert counted(several, answers) == []
    answer_all(several)

    monkeypatch.setattr(module, "KEPT_SECONDS", 0.0)

    assert counted(several, answers) == list(NAMES)


def test_a_page_counts_no_more_than_it_has_time_for(several: World) -> None:
    """The first one counts all, each further one at least one, the longest known first."""
    answers = UngradedAnswers(page_seconds=0.0)
    assert counted(several, answers) == []
    answer_all(several)
    answers.forget()

    known = [counted(several, answers) for _ in range(4)]

    assert [len(each) for each in known] == [1, 2, 3, 4]
    assert known[-1] == list(NAMES)


def test_what_takes_long_is_not_counted_again_at_once(
    several: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is written meanwhile; small courses do not wait."""
    monkeypatch.setattr(module, "_QUICK_SECONDS", 0.0)
    monkeypatch.setattr(module, "_SHARE", 1e6)
    answers = UngradedAnswers(page_seconds=60.0)
    assert counted(several, answers) == []
    answer_all(several)
    answers.forget()

    assert counted(several, answers) == []
    monkeypatch.setattr(module, "_SHARE", 0)
    assert counted(several, answers) == list(NAMES)


def test_a_new_assignment_is_counted_with_the_others(several: World) -> None:
    """As soon as somebody has added it."""
    answers = UngradedAnswers(page_seconds=60.0)
    assert counted(several, answers) == []
    with several.database.write.begin() as session:
        add(session, "d", due_at=now())
    answer_all(several)
    answers.forget()

    assert "d" in counted(several, answers)
