"""What a submission is worth, and which attempt counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World
from tests.web.reports import graded
from web.db import now
from web.models import CountedAttempt, CourseAssignment, ManualGrade, Result, Submission, User
from web.services.grading import marks, overrides, written_answers
from web.services.grading.visible_marks import visible_mark
from web.services.grading.written_answers import Entered


def person(session: Session, name: str) -> User:
    """Somebody, by name."""
    return session.scalars(select(User).where(User.name == name)).one()


def submit(session: Session, world: World, scores: dict[str, float], who: str = "Student"):
    """A graded attempt."""
    return graded(session, world.settings.submissions, who, scores)


def mark(session: Session, submission: Submission) -> marks.Mark:
    """A submission's mark, which it must have."""
    found = marks.mark_of(session, submission)
    assert found is not None
    return found


def test_tests_then_person_then_override(world: World) -> None:
    """A person's grade is added to what the tests gave; an override wins over both."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 3.5, "q2": 2})
        grader = person(session, "Grader")
        by_tests = mark(session, submission)
        written_answers.save(session, grader, submission, "q7", Entered(0, (0, 2)))
        by_person = mark(session, submission)
        overrides.set_points(session, grader, submission, "q1", 50, "Right in another way.")
        overrides.set_points(session, grader, submission, "q7", 0, "Copied.")
        changed = mark(session, submission)
        overrides.remove(session, grader, submission, "q7")
        restored = mark(session, submission)

    assert (by_tests.tenths, by_tests.awaiting, by_tests.max_tenths) == (55, ("q7",), 200)
    assert (by_person.tenths, by_person.complete) == (70, True)
    assert changed.tenths == 70
    assert restored.tenths == 85


def test_late_penalty_stands_apart(world: World) -> None:
    """Points before and after the penalty, and the penalty itself; rounded once."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 3.5})
        submission.assignment.due_at = submission.received_at - timedelta(seconds=1)
        submission.assignment.late_percent_per_day = 10
        found = mark(session, submission)

    assert (found.tenths, found.penalty_tenths, found.final_tenths) == (35, 3, 32)


def test_best_attempt_waits_for_what_can_still_beat_it(world: World) -> None:
    """An ungraded proof ranks by what it can become, until it is graded; then the best counts."""
    with world.database.write.begin() as session:
        first = submit(session, world, {"q1": 5})
        second = submit(session, world, {"q1": 4})
        assert second.result is not None
        second.result.answers = {"q7": "the hash of another answer"}
        grader, student = person(session, "Grader"), person(session, "Student")
        assignment = first.assignment

        def counts() -> int | None:
            found = marks.counted_submission(session, assignment, student)
            return found.number if found else None

        before = counts()
        written_answers.save(session, grader, first, "q7", Entered(0, (), 0))
        waiting = counts()
        written_answers.save(session, grader, second, "q7", Entered(0, (1,)))
        after = counts()
        assignment.counted = CountedAttempt.LAST
        last = counts()

    assert (before, waiting, after, last) == (1, 2, 1, 2)


def test_nobody_without_a_graded_attempt_has_a_mark(world: World) -> None:
    """Of others there is nothing, rather than a zero."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        found = marks.counted_marks(session, submission.assignment)
        other = person(session, "Other")

        assert marks.counted_submission(session, submission.assignment, other) is None
    assert list(found) == [submission.user_id]


def test_student_sees_people_s_points_after_the_release(world: World) -> None:
    """Before it the written question awaits a person; override of a tested one shows at once."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 3})
        grader = person(session, "Grader")
        written_answers.save(session, grader, submission, "q7", Entered(0, (0, 1, 2)))
        overrides.set_points(session, grader, submission, "q2", 10, "Half of it is right.")
        hidden = visible_mark(session, submission)
        submission.released_at = now()
        shown = visible_mark(session, submission)
        submission.assignment.results_at = now() + timedelta(hours=1)
        held_back = visible_mark(session, submission)

    assert hidden is not None and shown is not None
    assert (hidden.tenths, hidden.awaiting) == (40, ("q7",))
    assert (shown.tenths, shown.complete) == (60, True)
    assert held_back is None


@pytest.mark.parametrize("count", [0, 2500])
def test_many_submissions_take_few_queries(world: World, count: int) -> None:
    """A list longer than a query may have values is read in portions."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {"q1": 1})
        known = marks.marks_of(session, [submission] * (count + 1))

    assert [each.tenths for each in known.values()] == [10]


def test_points_of_results_stand_in_tenths(world: World) -> None:
    """A result keeps each question's points as whole tenths, and none for written ones."""
    with world.database.write.begin() as session:
        submit(session, world, {"q1": 3.5})

        tenths = session.scalars(select(Result.question_tenths)).one()
        assert session.scalars(select(ManualGrade)).all() == []
        assert session.scalars(select(CourseAssignment)).one().snapshot.max_tenths == 200
    assert (tenths["q1"], tenths["q2"], tenths["q7"]) == (35, 0, None)
