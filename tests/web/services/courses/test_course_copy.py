"""A course is copied to the next term: what it is made of, and nobody's work."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.web.conftest import World, spaced, token_of
from web.models import (
    AuditEntry,
    Course,
    CourseAssignment,
    GradeStep,
    Membership,
    QuestionRubric,
    Role,
    SnapshotRubricItem,
    Submission,
    User,
)
from web.services.courses import copying, settings
from web.services.errors import RuleError
from web.services.grading import comments
from web.services.people import accounts

PAGE = "/courses/dl/staff/copy/"
BERLIN = ZoneInfo("Europe/Berlin")
KEY = (GradeStep("1.0", "50", passed=True), GradeStep("5.0", "0", passed=False))
RUBRIC = (SnapshotRubricItem(10, "Named"), SnapshotRubricItem(-5, "Too long"))
COPY = {"slug": "dl-27", "title": "Deep learning 27", "weeks": "52", "previewed": "52"}


def send(client: FlaskClient, **fields: object) -> TestResponse:
    """Send the form."""
    data = {"csrf_token": token_of(client, "/account"), **COPY, **fields}
    return client.post(PAGE, data=data, follow_redirects=True)


def at(text: str) -> datetime:
    """Return a moment by a clock in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def prepare(world: World) -> dict[str, int]:
    """Give the course rules of every kind; returns the ids of the assignment and of memberships."""
    with world.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        course.grade_key, course.late_days, course.bonus_percent = KEY, 5, 10.0
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.release_at, assignment.due_at = at("2026-10-12T08:00"), at("2026-10-26T23:59")
        assignment.late_percent_per_day, assignment.anonymous_grading = 10.0, True
        assignment.grades_released_at = at("2026-11-02T08:00")
        instructor = session.scalars(select(User).where(User.name == "Instructor")).one()
        comments.add(session, instructor, assignment, "q7", "Why?")
        session.add(
            QuestionRubric(
                assignment_id=assignment.id,
                question="q7",
                question_hash="7" * 64,
                items=RUBRIC,
                changed_by_id=instructor.id,
            )
        )
        members = session.scalars(select(Membership)).all()
        return {each.user.name: each.id for each in members} | {"xor": assignment.id}


@pytest.mark.parametrize(
    ("moment", "weeks", "expected"),
    [
        ("2026-10-19T23:59", 1, "2026-10-26T23:59"),  # the clocks go back between them
        ("2026-03-23T08:00", 1, "2026-03-30T08:00"),  # and forward
        ("2026-12-01T12:00", 26, "2027-06-01T12:00"),
        ("2026-12-01T12:00", 0, "2026-12-01T12:00"),
    ],
)
def test_a_date_stays_the_same_time_of_the_same_day(moment: str, weeks: int, expected: str) -> None:
    """By the clock on the wall, whatever clocks do between the terms."""
    assert copying.moved(at(moment), weeks, BERLIN) == at(expected)


def test_a_date_beyond_any_course_is_refused() -> None:
    """Instead of one that the next form could not read."""
    with pytest.raises(RuleError, match="after the year 2199"):
        copying.moved(datetime(2195, 1, 1, tzinfo=UTC), 520, BERLIN)


def test_a_course_is_copied_with_its_rules(either: World) -> None:
    """Dates are a year later; grades, students and what was released are not there."""
    ids = prepare(either)

    page = send(
        either.client("instructor"), assignment=ids["xor"], staff=[ids["Grader"], ids["Student"]]
    )

    assert "“Deep learning 27” created." in page.text
    with either.database.read() as session:
        copy = session.scalars(select(Course).where(Course.slug == "dl-27")).one()
        assert (copy.grade_key, copy.late_days, copy.bonus_percent) == (KEY, 5, 10.0)
        (made,) = copy.assignments
        assert made.due_at == at("2027-10-25T23:59")
        assert made.release_at == at("2027-10-11T08:00")
        assert (made.late_percent_per_day, made.anonymous_grading) == (10.0, True)
        assert made.grades_released_at is None
        assert made.snapshot.name == "xor"
        roles = {each.user.name: each.role for each in copy.memberships}
        assert roles == {"Instructor": Role.INSTRUCTOR, "Grader": Role.GRADER}
        assert [each.text for each in comments.of_question(session, made, "q7")] == ["Why?"]
        rubrics = select(QuestionRubric.items).where(QuestionRubric.assignment_id == made.id)
        assert session.scalars(rubrics).all() == [RUBRIC]
        assert session.scalar(select(func.count()).select_from(Submission)) == 0
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "course.copied")
        ).one()
        assert (entry.course_id, entry.details["copy_of"]) == (copy.id, "dl")


def test_dates_are_shown_before_anything_is_copied(world: World) -> None:
    """Also if the number of weeks was changed since; what was ticked stays."""
    prepare(world)
    client = world.client("instructor")

    shown = spaced(client.get(PAGE).text)
    changed = spaced(send(client, weeks="26").text)

    assert "Mon 25 Oct 2027, 23:59" in shown
    assert "Mon 26 Apr 2027, 23:59" in changed
    assert "Nothing has been copied yet" not in shown
    assert "Nothing has been copied yet" in changed
    assert 'name="previewed" value="26"' in changed
    assert 'value="dl-27"' in changed
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Course)) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"slug": "optics"}, "already uses this URL name"),
        ({"slug": "../x"}, "3 to 60 lowercase letters"),
        ({"title": " "}, "Enter a title"),
        ({"weeks": "521"}, "by 0 to 520 weeks"),
        ({"weeks": "-1"}, "by 0 to 520 weeks"),
        ({"weeks": "one"}, "is not a number"),
    ],
)
def test_a_copy_that_will_not_do_is_refused(
    world: World, fields: dict[str, str], words: str
) -> None:
    """With what was typed kept, and nothing made."""
    with world.database.write.begin() as session:
        session.add(Course(slug="optics", title="Optics"))

    answer = send(world.client("instructor"), **fields)

    assert answer.status_code == 400
    assert words in answer.text
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Course)) == 2


def test_an_archived_course_is_copied_into_one_that_goes_on(world: World) -> None:
    """That is when most are copied; ids of other courses choose nothing."""
    ids = prepare(world)
    with world.database.write.begin() as session:
        course, admin = session.scalars(select(Course)).one(), session.get_one(User, 1)
        settings.archive(session, admin, course)

    send(world.client("admin"), assignment=[ids["xor"], 999], staff=[999])

    with world.database.read() as session:
        copy = session.scalars(select(Course).where(Course.slug == "dl-27")).one()
        assert copy.archived_at is None
        assert len(copy.assignments) == 1
        assert copy.memberships == []


def test_a_title_with_a_year_is_suggested_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other titles stay."""
    monkeypatch.setattr(copying, "now", lambda: datetime(2026, 11, 1, tzinfo=UTC))

    assert copying.suggested_title("Physics 2026") == "Physics 2027"
    assert copying.suggested_title("Physics 2025") == "Physics 2026"
    assert copying.suggested_title("Physics") == "Physics"


def test_a_link_does_not_reach_into_the_copy(world: World) -> None:
    """An instructor made it for a grader, and is not in the copy that an admin makes."""
    ids = prepare(world)
    with world.database.write.begin() as session:
        grader = session.scalars(select(User).where(User.name == "Grader")).one()
        token = accounts.invite(session, grader, None)

    send(world.client("admin"), staff=str(ids["Grader"]))

    with world.database.read() as session:
        assert session.scalars(select(Course).where(Course.slug == "dl-27")).one()
    assert world.app.test_client().get(f"/invitation/{token}").status_code == 404
