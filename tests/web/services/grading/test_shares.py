"""Answers are assigned to graders, who get their own first."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World
from tests.web.reports import PROOF
from tests.web.services.grading.test_grading import PLACE, post, take_next
from tests.web.services.grading.test_groups import answers
from tests.web.services.grading.test_marks import person
from web.models import CourseAssignment, Membership, Submission
from web.services.errors import RuleError
from web.services.grading import shares


def assign(world: World, chosen: dict[str, str]) -> None:
    """Assign answers by the graders' names."""
    with world.database.write.begin() as session:
        numbers = {person(session, name).id: section for name, section in chosen.items()}
        actor = person(session, "Instructor")
        shares.assign(session, actor, only(session), "q7", numbers)


def only(session: Session) -> CourseAssignment:
    """The one assignment."""
    return session.scalars(select(CourseAssignment)).one()


def owners(world: World) -> dict[str, set[str]]:
    """The graders' names by public id."""
    with world.database.read() as session:
        names = {person(session, each).id: each for each in ("Grader", "Instructor")}
        submissions = session.scalars(select(Submission)).all()
        found = shares.owners(session, only(session), "q7", submissions)
        return {
            each.public_id: {names[number] for number in found[each.id]}
            for each in submissions
            if each.id in found
        }


def put_in_section(world: World, public_id: str, section: str) -> None:
    """Of the answer's student."""
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission).filter_by(public_id=public_id)).one()
        found = select(Membership).where(Membership.user_id == submission.user_id)
        session.scalars(found).one().section = section


def test_equal_parts_are_drawn_and_stay(world: World) -> None:
    """Everybody has about as many; each answer is one grader's."""
    made = answers(world, *[PROOF] * 16)
    assert owners(world) == {}

    assign(world, {"Grader": "", "Instructor": ""})

    first = owners(world)
    assert first == owners(world)
    assert set(first) == set(made)
    counts = Counter(name for names in first.values() for name in names)
    assert sum(counts.values()) == 16
    assert min(counts["Grader"], counts["Instructor"]) >= 2


def test_sections_come_before_equal_parts(world: World) -> None:
    """What is in a section that somebody has is theirs; all else is shared out."""
    first, second, third = answers(world, PROOF, PROOF, PROOF)
    put_in_section(world, first, "A")
    put_in_section(world, second, "B")

    assign(world, {"Grader": "A", "Instructor": ""})

    assert owners(world) == {first: {"Grader"}, second: {"Instructor"}, third: {"Instructor"}}


def test_next_gives_own_answers_first_and_then_the_others(world: World) -> None:
    """Nobody sits idle while answers are left."""
    made = answers(world, PROOF, PROOF, PROOF, PROOF)
    for public_id in made[:2]:
        put_in_section(world, public_id, "A")
    for public_id in made[2:]:
        put_in_section(world, public_id, "B")
    assign(world, {"Grader": "A", "Instructor": "B"})

    taken = [take_next(world, "Grader") for _ in range(1)]
    client = world.client("grader")
    for _ in range(3):
        page = f"{PLACE}{taken[-1]}/"
        answer = post(client, page, page, version=0, item=[0], then="next")
        taken.append(answer.headers["Location"].removeprefix(PLACE).strip("/"))
    assert set(taken[:2]) == set(made[:2])
    assert set(taken[2:]) == set(made[2:])


def test_page_counts_and_instructors_assign(world: World) -> None:
    """Graders see how far they are, and cannot change it."""
    [first] = answers(world, PROOF)
    client = world.client("instructor")
    with world.database.read() as session:
        number = person(session, "Grader").id

    post(client, PLACE, f"{PLACE}graders", **{f"grader-{number}": "1"})

    assert "Grader: 0 of 1 graded" in client.get(PLACE).text
    grader = world.client("grader")
    post(grader, f"{PLACE}{first}/", f"{PLACE}{first}/", version=0, item=[0])
    text = grader.get(PLACE).text
    assert "Grader: 1 of 1 graded" in text
    assert "Assign answers" not in text
    post(client, PLACE, f"{PLACE}graders")
    assert owners(world) == {}


def test_sections_say_nothing_where_names_are_hidden(world: World) -> None:
    """A section of one would name its answer."""
    first, second = answers(world, PROOF, PROOF)
    put_in_section(world, first, "A")
    assign(world, {"Grader": "A", "Instructor": ""})
    with world.database.write.begin() as session:
        only(session).anonymous_grading = True
        assert shares.sections_of(session, only(session)) == []

    assert "section A" not in world.client("grader").get(PLACE).text
    assert set(owners(world)) == {first, second}
    with pytest.raises(RuleError):
        assign(world, {"Grader": "A"})


@pytest.mark.parametrize("chosen", [{"Student": ""}, {"Grader": "no such section"}])
def test_others_are_refused(world: World, chosen: dict[str, str]) -> None:
    """Students grade nothing, and a section that is gone has no answers."""
    with pytest.raises(RuleError):
        assign(world, chosen)
