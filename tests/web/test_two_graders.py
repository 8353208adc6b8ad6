"""Written answers graded by two people at once: each once, and none left."""

from __future__ import annotations

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import World, token_of
from tests.web.reports import graded
from tests.web.services.grading.test_groups import together
from web.models import (
    AuditEntry,
    CourseAssignment,
    GradeChange,
    ManualGrade,
    Membership,
    Role,
    User,
)

PLACE = "/courses/dl/staff/grading/xor/q7/"
ANSWERS, ANSWERS_FULL, BLANK = 30, 100, 12


def fill(world: World, count: int) -> None:
    """Answers of their own kind, but for some that are blank."""
    with world.database.write.begin() as session:
        course = session.scalars(select(CourseAssignment)).one().course
        for number in range(count):
            user = User(email=f"s{number}@example.org", name=f"S{number}")
            session.add(Membership(user=user, course=course, role=Role.STUDENT))
            session.flush()
            answer = "" if number < BLANK else f"{number} is my answer."
            graded(session, world.settings.submissions, user.name, {}, answer=answer)


def grade_all(client: FlaskClient, start: threading.Barrier) -> int:
    """Take the next answer and save a grade, until none is left; returns how many were saved."""
    token, saved = token_of(client, PLACE), 0
    place = client.post(f"{PLACE}next", data={"csrf_token": token}).headers["Location"]
    start.wait(30)  # both hold an answer now, however fast one of them is
    while place != PLACE:
        data = {"csrf_token": token, "version": "0", "item": "0", "then": "next"}
        answer = client.post(place, data=data)
        assert answer.status_code == 303, "somebody else graded the same answer"
        place, saved = answer.headers["Location"], saved + 1
    return saved


def test_two_graders_at_once_grade_each_answer_once_and_leave_none(
    world: World, pytestconfig: pytest.Config
) -> None:
    """The blank ones go in one step; nobody is told of another's grade, since there is none."""
    count = ANSWERS_FULL if pytestconfig.option.full else ANSWERS
    fill(world, count)
    one, two = world.client("grader"), world.client("instructor")
    blank = re.search(r'/q7/(\w+)/group"\s*>\s*12 blank answers', one.get(PLACE).text)
    assert blank is not None
    assert "12 answers graded together" in together(one, blank[1], points="0", reason="Blank.").text

    start = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        saved = [threads.submit(grade_all, each, start) for each in (one, two)]
        counts = [each.result(300) for each in saved]

    assert sum(counts) == count - BLANK
    assert min(counts) > 0
    with world.database.read() as session:
        grades = session.scalars(select(ManualGrade)).all()
        assert len({each.submission_id for each in grades}) == len(grades) == count
        assert {each.version for each in grades} == {1}
        changes = Counter(session.scalars(select(GradeChange.submission_id)))
        assert set(changes.values()) == {1}
        log = select(AuditEntry).where(AuditEntry.action == "answer.graded")
        assert sum(each.times for each in session.scalars(log)) == count
    assert "<strong>0</strong> ungraded" in one.get(PLACE).text
