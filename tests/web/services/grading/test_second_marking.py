"""A share of the answers is graded by two people who do not see each other's points."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World
from tests.web.reports import graded
from tests.web.services.grading.test_grading import PLACE, post
from tests.web.services.grading.test_groups import answers, grades
from tests.web.services.grading.test_marks import person
from web.models import CourseAssignment, GradingClaim, SecondMark, Submission
from web.services.grading import second_marking, written_answers
from web.services.grading.agreement import agreement_of
from web.services.grading.second_marking import SecondMarkings
from web.services.grading.written_answers import Entered

AGREEMENT = f"{PLACE}agreement"


def drawn(world: World, percent: int) -> None:
    """Let two people grade so many of the answers."""
    client = world.client("instructor")
    assert post(client, PLACE, f"{PLACE}second", percent=percent).status_code == 303


def first(world: World, who: str, *public_ids: str, items: tuple[int, ...] = (0,)) -> None:
    """Grade answers for the first time."""
    with world.database.write.begin() as session:
        for each in public_ids:
            found = session.scalars(select(Submission).filter_by(public_id=each)).one()
            written_answers.save(session, person(session, who), found, "q7", Entered(0, items))


def markings(session: Session) -> SecondMarkings:
    """The second marking of the written question."""
    assignment = session.scalars(select(CourseAssignment)).one()
    queue = written_answers.queue(session, assignment, "q7")
    return second_marking.second_markings(session, assignment, "q7", queue)


def second(world: World, who: str, public_id: str, **fields: object):
    """Send the form of a second grade."""
    page = f"{PLACE}{public_id}/second"
    return post(world.client(who), page, page, **fields)


def test_share_is_drawn_and_only_grows() -> None:
    """About so many are drawn; with a larger share, those that were drawn stay."""
    made = [Submission(public_id=f"{number:032x}") for number in range(1000)]
    shares = [
        {each.public_id for each in made if second_marking.is_drawn("q7", each, percent)}
        for percent in (0, 20, 50, 100)
    ]

    assert [len(share) for share in shares][::3] == [0, 1000]
    # The numbers are 200 +- 13 and 500 +- 16.
    assert 130 < len(shares[1]) < 270
    assert 420 < len(shares[2]) < 580
    assert shares[1] < shares[2]


def test_second_grader_sees_nothing_of_the_first(world: World) -> None:
    """Neither in the list nor on the page, which leads to the one without the grade."""
    [answer] = answers(world, "One.")
    drawn(world, 100)
    with world.database.write.begin() as session:
        found = session.scalars(select(Submission)).one()
        entered = Entered(0, (0,), comment="A telling comment.")
        written_answers.save(session, person(session, "Instructor"), found, "q7", entered)
    grader = world.client("grader")

    listed = grader.get(PLACE).text
    assert "for a second grade" in listed
    assert "1 / 2" not in listed
    moved = grader.get(f"{PLACE}{answer}/")
    assert moved.headers["Location"] == f"{PLACE}{answer}/second"
    page = grader.get(f"{PLACE}{answer}/second").text
    assert "A telling comment." not in page
    assert "Instructor" not in page
    assert " checked" not in page.split("data-keys")[0]
    refused = post(grader, f"{PLACE}{answer}/second", f"{PLACE}{answer}/", version=1, item=[1])
    assert refused.status_code == 400
    assert grades(world) == {answer: 10}


def test_second_grade_changes_no_points(world: World) -> None:
    """It stands beside the first one, and the next answer comes; who was first is never second."""
    made = answers(world, "One.", "Two.", "Three.")
    drawn(world, 100)
    first(world, "Instructor", *made[:2])
    first(world, "Grader", made[2])
    with world.database.read() as session:
        waiting = markings(session).waiting_for(person(session, "Grader"))
        order = [each.submission.public_id for each in waiting]
    assert set(order) == set(made[:2])

    following = second(world, "grader", order[0], item=[1])
    assert following.headers["Location"] == f"{PLACE}{order[1]}/second"
    assert second(world, "grader", order[1], points="9").status_code == 400
    assert second(world, "grader", order[1], item=[0]).headers["Location"] == PLACE

    assert grades(world) == dict.fromkeys(made, 10)
    with world.database.read() as session:
        marks = session.scalars(select(SecondMark)).all()
        assert {(each.first_tenths, each.points_tenths) for each in marks} == {(10, 5), (10, 10)}
        assert session.scalars(select(GradingClaim)).all() == []
    page = f"{PLACE}{order[0]}/second"
    again = post(world.client("grader"), PLACE, page, item=[0])
    assert again.status_code == 400
    assert "no second grade from you any more" in again.text


def test_agreement_and_settling(world: World) -> None:
    """Instructors see figures and what differs; what they decide holds, and the figures stay."""
    made = answers(world, "One.", "Two.", "Three.", "Four.")
    drawn(world, 100)
    first(world, "Instructor", *made)
    for answer, items in zip(made, ([0], [1], [0, 1], [1]), strict=True):
        second(world, "grader", answer, item=items)
    client = world.client("instructor")
    before = client.get(AGREEMENT).text
    assert "4 of 4 drawn" in before
    assert "0.38 points" in before
    assert world.client("grader").get(AGREEMENT).status_code == 404

    page = f"{PLACE}{made[1]}/settle"
    assert post(client, AGREEMENT, page, choice="second").headers["Location"] == AGREEMENT
    page = f"{PLACE}{made[2]}/settle"
    assert post(client, AGREEMENT, page, choice="other", points="1.2").status_code == 400
    post(client, AGREEMENT, page, choice="other", points="1.2", reason="A step is missing.")
    post(client, AGREEMENT, f"{PLACE}{made[3]}/settle", choice="first")

    assert grades(world) == dict(zip(made, (10, 5, 12, 10), strict=True))
    after = client.get(AGREEMENT).text
    assert "0.38 points" in after
    assert after.count(", settled") == 3
    assert post(client, AGREEMENT, page, choice="first").status_code == 400
    assert post(client, AGREEMENT, page, choice="third").status_code == 400


def test_share_out_of_range_is_refused(world: World) -> None:
    """Nobody grades more than all."""
    client = world.client("instructor")
    for wrong in ("-1", "101", "some"):
        assert post(client, PLACE, f"{PLACE}second", percent=wrong).status_code == 400


def test_later_attempt_with_the_same_answer_needs_no_other_mark(world: World) -> None:
    """As a grade does, a second one belongs to the answer."""
    [answer] = answers(world, "One.")
    drawn(world, 100)
    first(world, "Instructor", answer)
    second(world, "grader", answer, item=[1])
    with world.database.write.begin() as session:
        name = session.scalars(select(Submission)).one().user.name
        graded(session, world.settings.submissions, name, {"q1": 5}, answer="One.")

    with world.database.read() as session:
        found = markings(session)
        assert len(found.pairs) == 1
        assert found.waiting_for(person(session, "Grader")) == []


def test_kappa_is_that_of_its_definition() -> None:
    """With the matrices of what was observed and what chance would give, weights by the square."""
    draw = random.Random(3)
    for _ in range(20):
        pairs = [(draw.randrange(5), draw.randrange(5)) for _ in range(30)]
        pairs += [(each, each) for each, _ in pairs[:10]]
        count = len(pairs)
        observed = sum((one - other) ** 2 for one, other in pairs) / count
        expected = sum((one - other) ** 2 for one, _ in pairs for _, other in pairs) / count**2
        found = agreement_of(pairs)

        assert found is not None
        assert found.kappa == pytest.approx(1 - observed / expected)
        assert found.mean_difference == pytest.approx(
            sum(abs(one - other) for one, other in pairs) / count
        )


def test_agreement_where_there_is_little_to_compare() -> None:
    """No pairs, no figures; one value throughout says nothing beyond chance."""
    assert agreement_of([]) is None
    alone = agreement_of([(5, 5), (5, 5)])
    assert alone is not None
    assert (alone.same, alone.kappa) == (2, None)
    whole = agreement_of([(0, 0), (10, 10)])
    assert whole is not None
    assert whole.kappa == 1
