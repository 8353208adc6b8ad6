"""How many clicks the most frequent things take from the page on which people land."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from autograder.render.process import Renderer
from tests.web.conftest import World, spaced
from tests.web.services.grading import test_own_cells as own_cells
from tests.web.services.grading.test_marks import person, submit
from web.db import now
from web.models import CourseAssignment, Extension, PointsOverride, Submission
from web.services.grading import release, requests, written_answers
from web.services.grading.written_answers import Entered


@dataclass
class Reader:
    """Somebody who reads pages and clicks; what is not on the page cannot be clicked."""

    client: FlaskClient
    page: TestResponse
    clicks: int = 0

    @classmethod
    def lands(cls, world: World, who: str) -> Reader:
        """Sign in as somebody with one course."""
        client = world.client(who)
        return cls(client, client.get("/", follow_redirects=True))

    @property
    def text(self) -> str:
        """What the page says."""
        return spaced(self.page.text)

    def follow(self, words: str, within: str = "") -> None:
        """Click on a link by its words or its name, in the part of the page that holds others."""
        found = [
            tag.split('href="')[1].partition('"')[0]
            for tag, inner in re.findall(r"<a\s([^>]*)>(.*?)</a>", self._part(within), re.DOTALL)
            if words in spaced(re.sub("<[^>]+>", " ", inner)) or f'label="{words}"' in tag
        ]
        assert found, f"no link “{words}” on {self.page.request.path}"
        self.clicks += 1
        address = html.unescape(found[0]).partition("#")[0]
        self.page = self.client.get(address, follow_redirects=True)
        assert self.page.status_code == 200

    def press(self, words: str, **typed: str) -> None:
        """Click on a button of a form, after something was typed or chosen."""
        forms = re.findall(r"<form ([^>]*)>(.*?)</form>", self.page.text, re.DOTALL)
        form = next((each for each in forms if words in each[1].split("<button")[-1]), None)
        form = form or next((each for each in forms if words in each[1]), None)
        assert form is not None, f"no button “{words}” on {self.page.request.path}"
        action = re.search(r'action="([^"]+)"', form[0])
        data = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))
        chosen = re.findall(
            r'<select[^>]*name="([^"]+)"[^>]*>(?:(?!</select>).)*?value="([^"]*)" selected',
            form[1],
            re.DOTALL,
        )
        areas = re.findall(
            r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form[1], re.DOTALL
        )
        given = [*data.items(), *chosen, *areas]
        data = {key: html.unescape(value) for key, value in given} | typed
        self.clicks += 1
        address = html.unescape(action[1]) if action else self.page.request.path
        if 'method="post"' in form[0]:
            self.page = self.client.post(address, data=data, follow_redirects=True)
        else:
            self.page = self.client.get(address, query_string=data, follow_redirects=True)
        assert self.page.status_code == 200, self.text

    def search(self, text: str) -> None:
        """Type something into the field that is on every page, and press Enter."""
        found = re.search(
            r'<search[^>]*>\s*<form action="([^"]+)" method="get">', self.page.text, re.DOTALL
        )
        assert found is not None
        self.clicks += 1
        self.page = self.client.get(found[1], query_string={"q": text}, follow_redirects=True)
        assert self.page.status_code == 200

    def _part(self, within: str) -> str:
        if not within:
            return self.page.text
        rows = re.findall(r"<(?:tr|li)\b.*?</(?:tr|li)>", self.page.text, re.DOTALL)
        return next(each for each in rows if within in each)


@pytest.fixture
def busy(world: World) -> str:
    """Let a student have submitted, asked for a regrade, and been graded; returns the public id."""
    with world.database.write.begin() as session:
        person(session, "Student").name = "Ada Lovelace"
        submission = submit(session, world, {"q1": 1.0}, "Ada Lovelace")
        requests.ask(session, submission, "q1", "Please look again.")
        release.release(session, person(session, "Instructor"), submission.assignment)
        return submission.public_id


def test_what_waits_takes_no_click(world: World, busy: str) -> None:
    """It is on the page on which one lands."""
    reader = Reader.lands(world, "grader")

    assert "answer to grade" in reader.text
    assert "attempt 1, regrade request of" in reader.text
    assert reader.clicks == 0


def test_the_next_answer_takes_one(world: World, busy: str) -> None:
    """The button opens it."""
    reader = Reader.lands(world, "grader")

    reader.press("Grade next")

    assert f"/grading/xor/q7/{busy}/" in reader.page.request.path
    assert reader.clicks == 1


@pytest.mark.parametrize("way", ["search", "latest"])
def test_a_students_submission_takes_one(world: World, busy: str, way: str) -> None:
    """From the latest ones, or by its number."""
    reader = Reader.lands(world, "grader")

    if way == "search":
        reader.search(busy[:8])
    else:
        reader.follow("Ada Lovelace", within="attempt 1</small>")

    assert reader.page.request.path == f"/staff/submissions/{busy}/"
    assert reader.clicks == 1


def test_statistics_take_two(world: World, busy: str) -> None:
    """The assignment is linked where its next date is."""
    reader = Reader.lands(world, "grader")

    reader.follow("XOR weights", within="is due")
    reader.follow("Statistics")

    assert "Interquartile range" in reader.text
    assert reader.clicks == 2


def test_an_export_takes_three(world: World, busy: str) -> None:
    """The last one downloads it."""
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        entered = Entered(0, points_tenths=10, reason="Half of it.")
        written_answers.save(session, person(session, "Grader"), submission, "q7", entered)
    reader = Reader.lands(world, "instructor")

    reader.follow("XOR weights", within="is due")
    reader.follow("Export")
    reader.press("Download for Canvas", title="XOR weights")

    assert reader.page.mimetype == "text/csv"
    assert reader.clicks == 3


def test_an_extension_takes_three(world: World, busy: str) -> None:
    """From the student's page, where the way to it names the student already."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().late_percent_per_day = 0
    reader = Reader.lands(world, "instructor")

    reader.search("lovelace")
    reader.follow("Extend XOR weights for Ada Lovelace")
    reader.press("Grant extension", due_at=(now() + timedelta(days=9)).strftime("%Y-%m-%dT12:00"))

    with world.database.read() as session:
        assert session.scalars(select(Extension)).one().user.name == "Ada Lovelace"
    assert reader.clicks == 3


def test_adjusted_points_take_four_at_most(world: World, busy: str) -> None:
    """The submission, the part that folds out, and the button that saves."""
    reader = Reader.lands(world, "grader")

    reader.follow("Ada Lovelace", within="attempt 1</small>")
    reader.clicks += 1  # the part of the question folds out without a request
    reader.press("Save points", points="2", reason="Right in the text.")

    with world.database.read() as session:
        assert session.scalars(select(PointsOverride)).one().points_tenths == 20
    assert reader.clicks <= 4


def test_feedback_takes_two_and_ones_own_code_no_further_one(world: World) -> None:
    """The student's code of a question that failed is open beside it."""
    with Renderer() as renderer:
        public_id = own_cells.graded(world, renderer)
    reader = Reader.lands(world, "student")

    reader.follow("XOR weights")
    reader.follow("Attempt 1", within=public_id)

    assert reader.page.request.path == f"/submissions/{public_id}/"
    assert own_cells.OPEN.search(own_cells.card(reader.page.text, "q2"))
    assert reader.clicks == 2
