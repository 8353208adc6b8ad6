"""Two pages of one form are open: the later save does not undo the earlier one unawares."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World, spaced
from tests.web.reports import graded
from web.models import Course, CourseAssignment, Extension, PointsOverride, User

STAFF = "/courses/dl/staff"


class _Forms(HTMLParser):
    """The fields of every form on a page, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep forms, inputs and what is chosen."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), {}))
        elif tag == "select":
            self._select = found.get("name", "")
        elif not self.forms:
            return
        elif tag == "option" and "selected" in found:
            self.forms[-1][1][self._select] = found["value"]
        elif tag == "input" and found.get("type") != "checkbox":
            self.forms[-1][1][found["name"]] = found.get("value", "")
        elif tag == "input" and "checked" in found:
            self.forms[-1][1][found["name"]] = found["value"]


def form(text: str, action: str) -> dict[str, str]:
    """Return the fields of the page's form that is sent to an address."""
    parser = _Forms()
    parser.feed(text)
    # Some lead back to where they stand on the page.
    return next(fields for address, fields in parser.forms if address.partition("#")[0] == action)


@dataclass(frozen=True)
class Case:
    """
    A form that overwrites.

    Args:
        page: Where it stands; ``{id}`` is a submission's.
        action: Where it is sent.
        first: What the first one changes.
        second: What the second one changes, on a page that was opened before.
        told: What the second one reads.
        holds: Whether what the first one changed holds.
    """

    page: str
    action: str
    first: dict[str, str]
    second: dict[str, str]
    told: str
    holds: Callable[[Session], bool]


CASES = {
    "rules": Case(
        f"{STAFF}/assignments/xor/settings",
        f"{STAFF}/assignments/xor/rules",
        {"results_at": "2100-01-02T03:04"},
        {"weight": "2"},
        "“Scores and hidden tests visible from”, now 2 Jan 2100, 03:04",
        lambda session: session.scalars(select(CourseAssignment)).one().results_at is not None,
    ),
    "extensions": Case(
        f"{STAFF}/assignments/xor/extensions/",
        f"{STAFF}/assignments/xor/extensions",
        {"student": "{student}", "extra_attempts": "3", "reason": "Ill."},
        {"student": "{student}", "due_at": "2100-01-02T03:04"},
        "“the extension of Student”, now 3 extra attempts, Ill.",
        lambda session: session.scalars(select(Extension)).one().extra_attempts == 3,
    ),
    "weights": Case(
        f"{STAFF}/gradebook/",
        f"{STAFF}/gradebook/rules",
        {"weight-xor": "7"},
        {"dropped_lowest": "1"},
        "now 7.",
        lambda session: session.scalars(select(CourseAssignment)).one().weight == 7,
    ),
    "dropped": Case(
        f"{STAFF}/gradebook/",
        f"{STAFF}/gradebook/rules",
        {"dropped_lowest": "1", "may-drop-xor": "1"},
        {"weight-xor": "7"},
        "“Drop lowest”, now 1; ",
        lambda session: session.scalars(select(Course)).one().dropped_lowest == 1,
    ),
    "grading": Case(
        f"{STAFF}/grading/xor/",
        f"{STAFF}/grading/xor/rules",
        {"anonymous_grading": "1"},
        {"regrade_requests": ""},
        "“Anonymous grading: hide names and file names from graders”, now yes",
        lambda session: session.scalars(select(CourseAssignment)).one().anonymous_grading,
    ),
    "points": Case(
        "/staff/submissions/{id}/",
        "/staff/submissions/{id}/points/q1",
        {"points": "3", "reason": "First."},
        {"points": "2", "reason": "Second."},
        "“the adjusted points”, now 3: First.",
        lambda session: session.scalars(select(PointsOverride)).one().points_tenths == 30,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_later_save_is_told_what_changed_meanwhile(either: World, name: str) -> None:
    """Nothing of it is saved; from a page that shows the present values it is."""
    case, people = CASES[name], [either.client("instructor"), either.client("admin")]
    parts = _parts(either)
    page, action = case.page.format(**parts), case.action.format(**parts)
    opened = [form(client.get(page).text, action) for client in people]
    first, second = (
        fields | {key: value.format(**parts) for key, value in changes.items()}
        for fields, changes in zip(opened, (case.first, case.second), strict=True)
    )

    assert people[0].post(action, data=first).status_code == 303
    answer = people[1].post(action, data=second, headers={"Referer": f"http://localhost{page}"})

    assert answer.status_code in (303, 409)
    told = answer.text if answer.status_code == 409 else people[1].get(page).text
    assert "Nothing was saved: somebody else changed" in told
    assert case.told in spaced(told)
    with either.database.read() as session:
        assert case.holds(session)
    assert _saved(people[1], page, action, case.second, parts)


def _saved(
    client: FlaskClient, page: str, action: str, changes: dict[str, str], parts: dict[str, str]
) -> bool:
    """Open the page again, and save; returns whether that is taken."""
    fields = form(client.get(page).text, action)
    fields |= {key: value.format(**parts) for key, value in changes.items()}
    client.post(action, data=fields, headers={"Referer": f"http://localhost{page}"})
    return "Nothing was saved" not in client.get(page).text


def _parts(world: World) -> dict[str, str]:
    with world.database.write.begin() as session:
        submission = graded(session, world.settings.submissions, "Student", {"q1": 1.0})
        student = session.scalars(select(User).where(User.name == "Student")).one()
        return {"id": submission.public_id, "student": str(student.id)}


def test_what_was_typed_stays_and_can_be_saved_knowingly(world: World) -> None:
    """The refused page of rules holds what was typed and what the present values are."""
    case = CASES["rules"]
    clients = [world.client("instructor"), world.client("admin")]
    first, second = (form(client.get(case.page).text, case.action) for client in clients)
    clients[0].post(case.action, data=first | case.first)

    answer = clients[1].post(case.action, data=second | case.second)

    assert answer.status_code == 409
    again = form(answer.text, case.action)
    assert (again["weight"], again["results_at"]) == ("2", "")
    assert clients[1].post(case.action, data=again).status_code == 303
    with world.database.read() as session:
        assert session.scalars(select(CourseAssignment)).one().results_at is None


def test_an_extension_that_was_changed_is_not_withdrawn_unawares(world: World) -> None:
    """Nor is one of another student in the way."""
    case, parts = CASES["extensions"], _parts(world)
    client, withdraw = world.client("instructor"), f"{CASES['extensions'].action}/withdraw"
    data = {key: value.format(**parts) for key, value in case.first.items()}
    client.post(case.action, data=form(client.get(case.page).text, case.action) | data)
    opened = form(client.get(case.page).text, withdraw) | {"student": parts["student"]}
    other = form(client.get(case.page).text, case.action)
    with world.database.write.begin() as session:
        number = session.scalars(select(User.id).where(User.name == "Other")).one()
        session.scalars(select(Extension)).one().extra_attempts = 9

    given = client.post(case.action, data=other | {"student": str(number), "extra_attempts": "1"})
    assert given.status_code == 303
    client.post(withdraw, data=opened, headers={"Referer": f"http://localhost{case.page}"})

    assert re.search(
        r"Nothing was saved: .*now 9 extra attempts, Ill\.", client.get("/account").text
    )
    with world.database.read() as session:
        assert len(session.scalars(select(Extension)).all()) == 2


@pytest.mark.parametrize("version", ["", "nonsense", "a:b:c " * 1000, "results_at:", "\u202e:"])
def test_a_version_that_is_none_of_ours_fails_nothing(world: World, version: str) -> None:
    """It is from no page that shows what holds."""
    case, client = CASES["rules"], world.client("instructor")
    data = form(client.get(case.page).text, case.action) | {"version": version}

    assert client.post(case.action, data=data).status_code == 409
