"""Where a result's points went: the lines of a rubric, and the late penalty."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.web.conftest import World, spaced
from tests.web.reports import graded
from web.db import now
from web.models import CourseAssignment, ManualGrade, Submission, User
from web.services.grading import release
from web.services.grading.written_answers import Entered, save


def submit(world: World, points: float = 5) -> str:
    """Grade a submission by tests; returns its public id."""
    with world.database.write.begin() as session:
        return graded(session, world.settings.submissions, "Student", {"q1": points}).public_id


def grade(world: World, public_id: str, *, out: bool = True, **entered: Any) -> None:
    """Grade the written answer, and release it."""
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission).filter_by(public_id=public_id)).one()
        grader = session.scalars(select(User).where(User.name == "Grader")).one()
        save(session, grader, submission, "q7", Entered(0, **entered))
        if out:
            release.release(session, grader, submission.assignment)


def page_of(world: World, public_id: str, who: str = "student") -> str:
    """Return the page of a submission, with one space for each run of white space."""
    staff = "/staff" if who == "grader" else ""
    return spaced(world.client(who).get(f"{staff}/submissions/{public_id}/").text)


def lines(page: str) -> list[tuple[bool, str]]:
    """Return the lines of the rubric on a page: whether each was met, and its points."""
    found = re.findall(r'<li( class="unmet")?> <span class="points">([^<]*)</span>', page)
    return [(not unmet, points) for unmet, points in found]


@pytest.mark.parametrize("who", ["student", "grader"])
def test_unmet_lines_are_where_points_were_lost(world: World, who: str) -> None:
    """Each line of the rubric, with what it is worth."""
    public_id = submit(world)
    grade(world, public_id, items=(0,))
    page = page_of(world, public_id, who)

    assert lines(page) == [(True, "1 / 1"), (False, "0 / 0.5"), (False, "0 / 0.5")]
    assert page.count("Not met: ") == 2
    assert "Graded by staff: 1 of 2 points" in page


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        ({"points_tenths": 0}, [(False, "0 / 1"), (False, "0 / 0.5"), (False, "0 / 0.5")]),
        ({"points_tenths": 15, "reason": "Nearly."}, []),
        (
            {"items": (1,), "points_tenths": 8, "reason": "Nearly."},
            [(False, "0 / 1"), (True, "0.5 / 0.5"), (False, "0 / 0.5")],
        ),
    ],
    ids=["nothing", "typed points", "other than the sum"],
)
def test_points_that_were_typed_name_no_lines(
    world: World, entered: dict[str, object], expected: list[tuple[bool, str]]
) -> None:
    """Nobody said which lines were met; but nothing at all is none of them."""
    public_id = submit(world)
    grade(world, public_id, **entered)

    assert lines(page_of(world, public_id)) == expected


def test_of_another_rubric_only_what_was_chosen_is_told(world: World) -> None:
    """A later version's lines were never looked at."""
    public_id = submit(world)
    grade(world, public_id, items=(0,))
    with world.database.write.begin() as session:
        given = session.scalars(select(ManualGrade)).one()
        (item,) = given.items
        given.items = (type(item)(item.index, item.points_tenths, "As it was asked before"),)

    assert lines(page_of(world, public_id)) == [(True, "1 / 1")]


def test_the_rubric_waits_for_the_release(world: World) -> None:
    """Before it a student sees neither points nor lines."""
    public_id = submit(world)
    grade(world, public_id, out=False, items=(0,))

    assert lines(page_of(world, public_id)) == []
    assert lines(page_of(world, public_id, "grader")) != []


def overview(page: str) -> list[str]:
    """Return the rows below the questions of the summary, as words."""
    foot = page.partition("<tfoot>")[2].partition("</tfoot>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", foot)
    return [" ".join(re.sub("<[^>]*>", " ", row).split()) for row in rows]


@pytest.mark.parametrize("who", ["student", "grader"])
def test_the_late_penalty_is_a_row(world: World, who: str) -> None:
    """What the questions gave, what being late costs, and what is left."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.due_at = now() - timedelta(days=1, hours=3)
        assignment.cutoff_at = now() + timedelta(days=1)
        assignment.late_percent_per_day = 10.0
    page = page_of(world, submit(world), who)

    assert overview(page) == [
        "Before the late penalty 5 / 20",
        "Late penalty, 10 % per started day \N{MINUS SIGN}1",
        "Total 4 / 20",
    ]
    assert "Submitted 1 day and 3 hours after the deadline." in page


def test_in_time_there_is_one_row(world: World) -> None:
    """The total."""
    assert overview(page_of(world, submit(world))) == ["Total 5 / 20"]
