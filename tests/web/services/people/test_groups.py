"""Sections and labels: read from rosters, shown and changed, and people found by what is pasted."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from tests.web.conftest import PEOPLE, World, spaced, token_of
from web.models import AuditEntry, Course, Membership, Role, User
from web.services.errors import RuleError
from web.services.people import groups, roster_file

PLACE = "/courses/dl/staff/people/"
PASTED = """\
Ada Lovelace
4711, grace@example.org; Nobody Known
Noether, Emmy
"Marie" <marie@example.org>
\t17\tsome Curie\t?
Jo Doe
"""


def member(number: int, name: str, student_number: str | None = None) -> Membership:
    """A student of a course."""
    email = f"{name.split(maxsplit=1)[0].lower()}@example.org"
    user = User(id=number, email=email, name=name, student_number=student_number)
    return Membership(id=number, user=user, user_id=number)


def test_people_are_found_by_whatever_names_them() -> None:
    """Number, address, name either way round; who is not found is told, and who may be several."""
    people = [
        member(1, "Ada  Lovelace"),
        member(2, "Carl Gauss", "4711"),
        member(3, "Grace Hopper"),
        member(4, "Emmy Noether"),
        member(5, "Marie Curie"),
        member(6, "Irene Curie", "17"),
        member(7, "Jo Doe"),
    ]
    twin = member(8, "Jo Doe")
    twin.user.email = "other@example.org"

    found = groups.find([*people, twin], PASTED)

    assert [each.id for each in found.members] == [1, 2, 3, 4, 5, 6]
    assert found.unknown == ("Nobody Known",)
    assert found.ambiguous == ("Jo Doe",)


def test_a_number_is_nobodys_name() -> None:
    """Somebody who calls themselves by another's number or address is not found by it."""
    honest, cheat = member(1, "Ada", "4711"), member(2, "Eve")
    cheat.user.name = "4711"

    assert groups.find([cheat, honest], "4711").members == [honest]


def test_labels_are_bounded() -> None:
    """In number and length."""
    assert groups.parse_labels(" exam ;lab, exam,,") == ("exam", "lab")
    with pytest.raises(RuleError, match="too long"):
        groups.parse_labels("x" * 41)
    with pytest.raises(RuleError, match="at most 20"):
        groups.parse_labels(",".join(map(str, range(21))))
    with pytest.raises(RuleError, match="too long"):
        groups.find([], "x\n" * 100_000)


def test_a_roster_has_sections_and_labels() -> None:
    """Labels stand in one cell; too long ones are refused with the line."""
    text = 'email,section,labels\na@example.org,Mon 10,"exam, lab"\nb@example.org,,lab;exam'
    first, second = roster_file.parse_roster(text)

    assert (first.section, first.labels) == ("Mon 10", ("exam", "lab"))
    assert (second.section, second.labels) == (None, ("lab", "exam"))
    with pytest.raises(RuleError, match="Line 2: “x"):
        roster_file.parse_roster("email,labels\na@example.org," + "x" * 41)


def placed(world: World, email: str) -> tuple[str | None, tuple[str, ...]]:
    """Section and labels of somebody."""
    with world.database.read() as session:
        found = session.scalars(select(Membership).join(User).where(User.email == email)).one()
        return found.section, found.labels


def test_a_roster_moves_people(either: World) -> None:
    """The preview says so; a roster without the columns changes nobody's."""
    client = either.client("instructor")
    text = "email,section,labels\nada@example.org,Mon,lab;exam\ngrace@example.org,,"
    data = {"csrf_token": token_of(client, PLACE), "text": text, "role": "student"}

    shown = client.post(f"{PLACE}roster", data=data).text
    assert "Section or labels change" in shown
    assert "lab, exam" in shown
    assert placed(either, "ada@example.org") == (None, ())
    client.post(f"{PLACE}roster", data=data | {"confirmed": "1"})
    assert placed(either, "ada@example.org") == ("Mon", ("lab", "exam"))
    assert placed(either, "grace@example.org") == (None, ())
    again = client.post(f"{PLACE}roster", data=data | {"text": "email\nada@example.org"})
    assert "No change" in again.text
    client.post(f"{PLACE}roster", data=data | {"text": "email\nada@example.org", "confirmed": "1"})
    assert placed(either, "ada@example.org") == ("Mon", ("lab", "exam"))


def test_sections_and_labels_are_changed_and_filtered_by(world: World) -> None:
    """On the page of people; a form of before, without the fields, leaves them."""
    client = world.client("instructor")
    with world.database.read() as session:
        found = session.scalars(select(Membership).join(User).where(User.name == "Student")).one()
    data = {"csrf_token": token_of(client, PLACE), "role": "student", "active": "1"}
    fields = {"section": " Mon  10 ", "label_list": "lab; exam"}

    client.post(f"{PLACE}{found.id}", data=data | fields)
    assert placed(world, PEOPLE["student"][0]) == ("Mon 10", ("lab", "exam"))
    client.post(f"{PLACE}{found.id}", data=data)
    assert placed(world, PEOPLE["student"][0]) == ("Mon 10", ("lab", "exam"))

    page = client.get(PLACE).text
    assert 'value="lab, exam"' in page
    for query in ("section=Mon+10", "label=lab", "label=exam&section=Mon+10"):
        shown = client.get(f"{PLACE}?{query}").text
        assert PEOPLE["student"][0] in shown
        assert PEOPLE["other"][0] not in shown
    assert "1 person" in spaced(client.get(f"{PLACE}?section=Mon+10").text)
    assert PEOPLE["student"][0] not in client.get(f"{PLACE}?section=Tue").text
    with world.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-2]
        assert entry.details["after"]["labels"] == "lab, exam"
        assert entry.details["before"]["section"] is None
    client.post(f"{PLACE}{found.id}", data=data | {"section": "", "label_list": ""})
    assert placed(world, PEOPLE["student"][0]) == (None, ())


def test_a_large_course_is_shown_in_pages(world: World) -> None:
    """With the filters kept; a search finds who is on another page."""
    with world.database.write.begin() as session:
        course = session.scalars(select(Course)).one()
        for number in range(120):
            user = User(email=f"s{number:03}@example.org", name=f"S {number:03}")
            session.add(Membership(user=user, course=course, role=Role.STUDENT, section="Mon"))
    client = world.client("instructor")

    first = client.get(f"{PLACE}?section=Mon").text
    assert "120 people, staff first; page 1 of 2" in spaced(first)
    assert "s000@example.org" in first
    assert "s119@example.org" not in first
    assert re.search(r'href="[^"]*page=2[^"]*section=Mon[^"]*">Next', first)
    assert "s119@example.org" in client.get(f"{PLACE}?section=Mon&page=2").text
    found = client.get(f"{PLACE}?person=S+119").text
    assert "s119@example.org" in found
    assert "1 person" in found
    assert "s118@example.org" not in found
    assert "Nobody matches." in client.get(f"{PLACE}?person=zzz&page=7").text
