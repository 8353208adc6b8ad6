"""Submissions ticked on the board, or all that match its filters: extend, regrade, download."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import World, token_of
from tests.web.reports import graded
from tests.web.test_form_versions import form
from web.models import AuditEntry, CourseAssignment, Extension, Regrade, RegradeJob, User
from web.services.submissions.archive import ArchivedFile, safe_name, unique_names, write_archive

BOARD = "/courses/dl/staff/submissions/"
PLACE = "/courses/dl/staff/selected/"
EXTENSIONS = "/courses/dl/staff/assignments/xor/extensions"


@pytest.fixture
def ids(world: World) -> dict[str, str]:
    """A submission of each of two students, one of whom has a strange number; by their names."""
    with world.database.write.begin() as session:
        made = {
            name: graded(session, world.settings.submissions, name, {"q1": 1.0})
            for name in ("Student", "Other")
        }
        other = session.scalars(select(User).where(User.name == "Other")).one()
        other.student_number = "../12/3"
        return {name: each.public_id for name, each in made.items()}


def send(client: FlaskClient, what: str, **fields: str) -> tuple[int, bytes]:
    """Press one of the board's buttons."""
    data = {"csrf_token": token_of(client, BOARD)} | fields
    answer = client.post(PLACE + what, data=data, headers={"Referer": f"http://localhost{BOARD}"})
    return answer.status_code, answer.data


def stored(world: World, public_id: str) -> Path:
    """Where a submission's bytes are."""
    return world.settings.submissions / public_id[:2] / f"{public_id}.ipynb"


def names_in(content: bytes) -> list[str]:
    """The names of an archive's files."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_an_extension_is_three_clicks_from_the_board(world: World, ids: dict[str, str]) -> None:
    """Extend beside a row, Grant, and a confirmation if points change: no script is needed."""
    client = world.client("instructor")
    page = client.get(BOARD).text
    with world.database.read() as session:
        number = session.scalars(select(User.id).where(User.name == "Student")).one()
    place = f"{EXTENSIONS}/?student={number}"
    assert place in page

    filled_in = form(client.get(place).text, EXTENSIONS) | {"people": "ada@example.org"}
    assert "ada@example.org</textarea>" in client.get(place).text
    answer = client.post(EXTENSIONS, data=filled_in | {"due_at": "2100-01-02T03:04"})
    assert answer.status_code == 303
    with world.database.read() as session:
        assert session.scalars(select(Extension)).one().user_id == number


def test_ticked_submissions_are_extended(world: World, ids: dict[str, str]) -> None:
    """The form names their students; nothing is saved by showing it."""
    client = world.client("instructor")
    status, page = send(client, "extend", submission=ids["Student"])

    assert status == 200
    assert b"ada@example.org</textarea>" in page
    assert b"grace@example.org" not in page
    status, page = send(client, "extend", everything="1", submission=ids["Student"])
    assert b"ada@example.org\ngrace@example.org" in page or b"grace@example.org\nada" in page
    with world.database.read() as session:
        assert session.scalars(select(Extension)).all() == []


def test_selected_submissions_are_regraded(world: World, ids: dict[str, str]) -> None:
    """Those and no others; the regrade waits to be published."""
    status, _ = send(world.client("instructor"), "regrade", submission=ids["Other"])

    assert status == 303
    with world.database.read() as session:
        assert session.scalars(select(Regrade)).one().state == "open"
        (job,) = session.scalars(select(RegradeJob))
        assert job.submission.public_id == ids["Other"]


def test_the_archive_holds_what_was_submitted(world: World, ids: dict[str, str]) -> None:
    """By student number and attempt, with names that unpack into one folder; it is logged."""
    client = world.client("grader")
    for name, public_id in ids.items():
        stored(world, public_id).write_bytes(name.encode() * 1000)
    _, content = send(client, "download", everything="1")
    assert names_in(content) == ["xor/12-3-attempt-1.ipynb", "xor/ada@example.org-attempt-1.ipynb"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("xor/12-3-attempt-1.ipynb") == b"Other" * 1000
    for fields in ({"submission": ids["Other"]}, {"everything": "1", "person": "grace"}):
        _, content = send(client, "download", **fields)
        assert names_in(content) == ["xor/12-3-attempt-1.ipynb"]
    with world.database.read() as session:
        logged = session.scalars(select(AuditEntry).filter_by(action="submission.downloaded")).all()
        assert [each.details["notebooks"] for each in logged] == [2, 1]
    stored(world, ids["Other"]).unlink()
    _, content = send(client, "download", everything="1")
    assert names_in(content) == ["xor/ada@example.org-attempt-1.ipynb", "missing.txt"]


def test_names_are_hidden_in_the_archive_of_who_may_not_know(
    world: World, ids: dict[str, str]
) -> None:
    """Graders of an anonymous assignment; a search by name selects nothing for them."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().anonymous_grading = True
    _, content = send(world.client("grader"), "download", everything="1")
    labels = sorted(f"xor/Answer-{each[:6]}-attempt-1.ipynb" for each in ids.values())
    assert names_in(content) == labels
    assert b"ada" not in content
    status, _ = send(world.client("grader"), "download", everything="1", person="grace")
    assert status == 303
    _, content = send(world.client("instructor"), "download", everything="1", person="grace")
    assert names_in(content) == ["xor/12-3-attempt-1.ipynb"]


@pytest.mark.parametrize("person", ["_", "%", "a_a", "\\"])
def test_a_part_of_a_name_is_taken_letter_by_letter(
    world: World, ids: dict[str, str], person: str
) -> None:
    """What databases take for a wildcard finds no more than it says."""
    client = world.client("instructor")

    assert send(client, "download", everything="1", person=person)[0] == 303
    assert "No matching submissions" in client.get(BOARD, query_string={"person": person}).text


def test_nothing_selected_and_several_assignments_are_refused(
    toy: World, world: World, ids: dict[str, str]
) -> None:
    """With what to do; submissions of other courses are not found by their ids."""
    client = world.client("instructor")
    for what in ("extend", "regrade", "download"):
        assert send(client, what)[0] == 303
        assert "Tick at least one submission first." in client.get("/account").text
    assert send(client, "download", submission="0" * 32)[0] == 303
    assert send(world.client("grader"), "extend", everything="1")[0] == 404
    elsewhere = toy.client("instructor")
    data = {"csrf_token": token_of(elsewhere, "/account"), "submission": ids["Other"]}
    answer = elsewhere.post("/courses/toy/staff/selected/download", data=data)
    assert answer.mimetype != "application/zip"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("4711", "4711"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\\b:c\x00d\u202ee", "a-b-c-d-e"),
        ("...", "unnamed"),
        ("x" * 500, "x" * 80),
    ],
)
def test_names_are_safe(text: str, name: str) -> None:
    """On every system, whatever a roster says."""
    assert safe_name(text) == name


def test_names_are_unique_where_case_does_not_count() -> None:
    """Nothing is unpacked over something else."""
    assert unique_names(["a/X.ipynb", "a/x.ipynb", "a/x-2.ipynb", "b"]) == [
        "a/X.ipynb",
        "a/x-2.ipynb",
        "a/x-2-2.ipynb",
        "b",
    ]


def test_an_archive_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """Thirty megabytes take one; what cannot be compressed comes out as it was."""
    content = random.Random("archive").randbytes(3_000_000)
    (tmp_path / "a").write_bytes(content)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    files = [ArchivedFile(f"{number}.ipynb", tmp_path / "a", at) for number in range(10)]
    target = tmp_path / "all.zip"
    tracemalloc.start()
    with target.open("wb") as file:
        for portion in write_archive(files):
            file.write(portion)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1_000_000
    with zipfile.ZipFile(target) as archive:
        assert archive.read("9.ipynb") == content
        assert archive.getinfo("9.ipynb").date_time == (2026, 1, 2, 0, 0, 0)
