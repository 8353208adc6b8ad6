"""Submitting: what is accepted, what is refused, and that nothing is left behind."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.web.conftest import World, token_of
from web.db import now
from web.http import EXTENSION
from web.models import CourseAssignment, Extension, Submission, User
from web.services.courses.rule_book import rules_for

PLACE = "/courses/dl/assignments/xor/"


def notebook(assignment: str | None = None) -> bytes:
    """A small notebook."""
    metadata = {"otter": {"assignment_name": assignment}} if assignment else {}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []}
    return json.dumps(document).encode()


def submit(client: FlaskClient, content: bytes, name: str = "xor.ipynb") -> TestResponse:
    """Send a file as the form does."""
    data = {"csrf_token": token_of(client, PLACE), "notebook": (io.BytesIO(content), name)}
    headers = {"Referer": f"http://localhost{PLACE}"}
    return client.post(PLACE + "submit", data=data, headers=headers, follow_redirects=True)


def stored(world: World) -> list[Submission]:
    """All submissions."""
    with world.database.read() as session:
        return list(session.scalars(select(Submission)))


def late_seconds(world: World, submission: Submission) -> int:
    """By how much a submission is late as the rules stand."""
    with world.database.read() as session:
        rules = rules_for(session, submission.assignment, submission.user)
        return rules.lateness(submission.received_at).seconds


def files(world: World) -> list[bytes]:
    """All stored files' bytes."""
    return [path.read_bytes() for path in world.settings.submissions.rglob("*") if path.is_file()]


def test_receipt_names_time_hash_and_attempt(world: World) -> None:
    """The page after submitting is a receipt; the bytes are kept exactly as they came."""
    content = notebook("xor")
    page = submit(world.client("student"), content).text

    assert hashlib.sha256(content).hexdigest() in page
    assert "Receipt" in page
    assert "Queued" in page
    assert files(world) == [content]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "not a notebook"),
        (b'{"a": 1}', "not a Jupyter notebook"),
        (notebook("perceptron"), "belongs to the assignment"),
        (json.dumps({"nbformat": 3, "worksheets": []}).encode(), "format 3"),
    ],
)
def test_useless_files_are_refused_and_leave_nothing(
    world: World, content: bytes, words: str
) -> None:
    """A clear message, no submission, no file, no attempt used."""
    page = submit(world.client("student"), content).text

    assert words in page
    assert stored(world) == []
    assert files(world) == []


def test_file_name_is_shown_and_never_a_path(world: World) -> None:
    """A name with path parts changes nothing but what is shown."""
    submit(world.client("student"), notebook(), "../../../evil.ipynb")

    (submission,) = stored(world)
    assert submission.file_name == "evil.ipynb"
    assert not (world.settings.data.parent / "evil.ipynb").exists()


def test_too_large_a_file_is_refused(world: World) -> None:
    """More than the limit answers 413 with what to do."""
    world.app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = submit(world.client("student"), b"x" * 5000)

    assert answer.status_code == 413
    assert "Clear the notebook" in answer.text


def test_too_large_a_file_leaves_nothing(world: World) -> None:
    """A file just above the limit, in a form that is not: refused, no submission, no file."""
    world.app.extensions[EXTENSION].settings = replace(world.settings, max_upload_bytes=1000)

    assert submit(world.client("student"), b" " * 1001).status_code == 413
    assert stored(world) == []
    assert files(world) == []


def test_no_file_at_all_is_refused(world: World) -> None:
    """Sending the form without a file says what to do."""
    client = world.client("student")
    data = {"csrf_token": token_of(client, PLACE)}
    headers = {"Referer": f"http://localhost{PLACE}"}

    page = client.post(PLACE + "submit", data=data, headers=headers, follow_redirects=True).text

    assert "Choose your notebook file first" in page
    assert stored(world) == []


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/passwd", "..\\..\\x.ipynb", "a\x00b.ipynb", "<b>.ipynb", "\u202egpj"]
)
def test_no_name_reaches_the_disk(world: World, name: str) -> None:
    """Whatever a file is called, it is kept under a name of ours, and shown as plain text."""
    page = submit(world.client("student"), notebook(), name).text

    (submission,) = stored(world)
    kept = [path for path in world.settings.data.rglob("*.ipynb") if "snapshots" not in path.parts]
    assert [path.stem for path in kept] == [submission.public_id]
    assert "/" not in submission.file_name
    assert submission.file_name.isprintable()
    assert "<b>.ipynb" not in page


@pytest.mark.parametrize("mark", [None, "", "forged", "of another session"])
def test_form_without_its_mark_is_refused(world: World, mark: str | None) -> None:
    """Missing, empty, forged and foreign CSRF marks change nothing."""
    client = world.client("student")
    if mark == "of another session":
        mark = token_of(world.client("other"), PLACE)
    data: dict[str, object] = {"notebook": (io.BytesIO(notebook()), "a.ipynb")}
    if mark is not None:
        data["csrf_token"] = mark

    answer = client.post(PLACE + "submit", data=data)

    assert answer.status_code == 400
    assert "Your session expired" in answer.text
    assert stored(world) == []


def test_closed_assignment_refuses_and_an_extension_opens_it(world: World) -> None:
    """After the deadline nothing is accepted, but from whom it was extended for."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.due_at = now() - timedelta(minutes=5)
        student = session.scalars(select(User).where(User.email == "ada@example.org")).one()
        session.add(
            Extension(
                assignment_id=assignment.id,
                user_id=student.id,
                due_at=now() + timedelta(days=1),
                created_by_id=student.id,
            )
        )

    assert "closed" in submit_anyway(world.client("other")).text
    assert "Receipt" in submit(world.client("student"), notebook()).text
    assert [late_seconds(world, each) for each in stored(world)] == [0]

    staff = world.client("instructor")
    page = "/courses/dl/staff/assignments/xor/extensions/withdraw"
    mark = token_of(staff, "/account")
    # It makes the submission late, which has been shown.
    data = {"csrf_token": mark, "student": student.id, "confirmed": "0 1 0"}
    withdrawn = [staff.post(page, data=data).status_code for _ in range(2)]

    assert withdrawn == [303, 404]
    assert "closed" in submit_anyway(world.client("student")).text


def submit_anyway(client: FlaskClient) -> TestResponse:
    """Send a file where the page shows no form any more."""
    data = {
        "csrf_token": token_of(client, "/account"),
        "notebook": (io.BytesIO(notebook()), "a.ipynb"),
    }
    headers = {"Referer": f"http://localhost{PLACE}"}
    return client.post(PLACE + "submit", data=data, headers=headers, follow_redirects=True)


def test_attempts_are_limited(world: World) -> None:
    """The attempt after the last one is refused."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().max_attempts = 1
    client = world.client("student")

    assert "Receipt" in submit(client, notebook()).text
    assert "all 1 attempts" in submit_anyway(client).text
    assert len(stored(world)) == 1


def test_late_work_is_marked_and_penalised(world: World) -> None:
    """After the deadline, before the cut-off: late, by how much, and what it costs."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.due_at = now() - timedelta(hours=2)
        assignment.cutoff_at = now() + timedelta(hours=2)
        assignment.grace_minutes = 10

    submit(world.client("student"), notebook())

    (submission,) = stored(world)
    assert 7200 <= late_seconds(world, submission) < 7300
