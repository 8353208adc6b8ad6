"""The same thing by several people at the same moment: one rule holds on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient
from sqlalchemy import Connection, MetaData, Table, func, select
from werkzeug.test import TestResponse

from tests.web.conftest import PEOPLE, World, spaced, token_of
from tests.web.reports import graded
from web import http
from web.models import (
    AuditEntry,
    Course,
    CourseAssignment,
    Extension,
    Membership,
    PointsOverride,
    Regrade,
    RegradeJob,
    RegradeJobState,
    RegradeState,
    Role,
    Snapshot,
    User,
)
from web.services.courses import snapshots
from web.services.errors import RuleError
from web.services.regrading import regrades
from web.setup import migrate, migrations

STAFF = "/courses/dl/staff"
ROSTER = "email,name\nemmy@example.org,Emmy\n"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[TestResponse]]:
    """Send forms of several browsers so that each has read before the first one writes."""

    def send(*forms: tuple[FlaskClient, str, dict[str, str]]) -> list[TestResponse]:
        tokens = [token_of(client, "/account") for client, _, _ in forms]
        everybody, real = threading.Barrier(len(forms)), http.begin_writing

        def begin(*arguments: object) -> None:
            everybody.wait(30)
            real(*arguments)  # type: ignore[arg-type]

        def post(form: tuple[FlaskClient, str, dict[str, str]], token: str) -> TestResponse:
            client, address, data = form
            return client.post(address, data=data | {"csrf_token": token})

        with monkeypatch.context() as patch, ThreadPoolExecutor(len(forms)) as threads:
            patch.setattr(http, "begin_writing", begin)
            return list(threads.map(post, forms, tokens))

    return send


Send = Callable[..., list[TestResponse]]


def codes(answers: list[TestResponse]) -> list[int]:
    """What the browsers were answered, in the order of the codes."""
    return sorted(answer.status_code for answer in answers)


def submission_of(world: World, name: str = "Student") -> str:
    """Make a graded submission; returns its public id."""
    with world.database.write.begin() as session:
        return graded(session, world.settings.submissions, name, {"q1": 1.0}).public_id


def count(world: World, table: type) -> int:
    """How many rows a table has."""
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_one_regrade_of_an_assignment_is_open(either: World, at_once: Send) -> None:
    """Six are asked for; each submission is graded again once."""
    submission_of(either)
    place = f"{STAFF}/assignments/xor/regrades/"
    clients = [either.client("instructor") for _ in range(6)]

    answers = at_once(*((each, place, {"scope": "all"}) for each in clients))

    assert codes(answers) == [303, *[400] * 5]
    assert sum("Publish or discard the current regrade" in answer.text for answer in answers) == 5
    assert count(either, Regrade) == count(either, RegradeJob) == 1


def test_one_regrade_is_open_whoever_starts_it(either: World) -> None:
    """The database itself holds it, so that no other way in gets past it."""
    submission_of(either)
    start = threading.Barrier(4)

    def begin(_: int) -> str:
        with either.database.write() as session:
            if session.get_bind().dialect.name == "postgresql":
                start.wait(30)
            assignment = session.scalars(select(CourseAssignment)).one()
            user = session.scalars(select(User).where(User.name == "Instructor")).one()
            try:
                regrades.start(session, user, assignment, regrades.Scope.ALL)
            except RuleError as error:
                return str(error)
            session.commit()
            return ""

    with ThreadPoolExecutor(4) as threads:
        reasons = sorted(threads.map(begin, range(4)))

    assert reasons == ["", *["Publish or discard the current regrade first."] * 3]
    assert count(either, Regrade) == 1


def test_a_regrade_is_decided_once(either: World, at_once: Send) -> None:
    """Published and discarded at the same moment it is one of both."""
    submission_of(either)
    with either.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        user = session.scalars(select(User).where(User.name == "Instructor")).one()
        regrade = regrades.start(session, user, assignment, regrades.Scope.ALL)
        session.flush()
        for job in regrades.jobs_of(session, regrade):
            job.state = RegradeJobState.FAILED
        place = f"{STAFF}/assignments/xor/regrades/{regrade.id}"
    publish = (either.client("instructor"), f"{place}/publish", {"note": "So."})
    discard = (either.client("admin"), f"{place}/discard", {})

    assert codes(at_once(publish, discard)) == [303, 400]

    with either.database.read() as session:
        assert session.scalars(select(Regrade)).one().state is not RegradeState.OPEN
        actions = session.scalars(select(AuditEntry.action)).all()
    decided = [each for each in actions if each in ("regrade.published", "regrade.discarded")]
    assert len(decided) == 1


def test_points_are_changed_by_several_at_once(either: World, at_once: Send) -> None:
    """The last one replaces the others', as one after the other would."""
    place = f"/staff/submissions/{submission_of(either)}/points/q1"
    clients = [either.client(who) for who in ("instructor", "grader", "admin")]
    forms = [
        (each, place, {"points": str(number), "reason": "So."})
        for number, each in enumerate(clients)
    ]

    assert codes(at_once(*forms)) == [303] * 3

    assert count(either, PointsOverride) == 1
    assert "Points saved." in clients[0].get("/account").text


def test_an_extension_is_given_by_several_at_once(either: World, at_once: Send) -> None:
    """There is one, and each of them is told that it is given."""
    with either.database.read() as session:
        student = session.scalars(select(User.id).where(User.name == "Student")).one()
    data = {"student": str(student), "extra_attempts": "2"}
    place = f"{STAFF}/assignments/xor/extensions"
    forms = [(either.client(who), place, data) for who in ("instructor", "admin")]

    assert codes(at_once(*forms)) == [303] * 2
    assert count(either, Extension) == 1


def test_a_roster_is_taken_in_by_several_at_once(either: World, at_once: Send) -> None:
    """The second finds everybody there already."""
    data = {"text": ROSTER, "role": "student", "confirmed": "1"}
    forms = [
        (either.client(who), f"{STAFF}/people/roster", data) for who in ("instructor", "admin")
    ]

    answers = at_once(*forms)

    assert codes(answers) == [200] * 2
    told = " ".join(spaced(answer.text) for answer in answers)
    assert "1 added, 0 already in the course." in told
    assert "0 added, 1 already in the course." in told
    with either.database.read() as session:
        assert len(session.scalars(select(User).where(User.name == "Emmy")).all()) == 1


def test_two_courses_take_in_the_same_new_person(either: World, at_once: Send) -> None:
    """Nobody is made twice, and who comes second keeps the roster and is told what to do."""
    with either.database.write.begin() as session:
        session.add(Course(slug="other", title="Other"))
    data = {"text": ROSTER, "role": "student", "confirmed": "1"}
    forms = [
        (either.client("admin"), f"/courses/{slug}/staff/people/roster", data)
        for slug in ("dl", "other")
    ]

    answers = at_once(*forms)

    assert set(codes(answers)) <= {200, 400}
    for answer in answers:
        if answer.status_code == 400:
            assert "Somebody else has just received an address or" in answer.text
            assert "emmy@example.org,Emmy" in answer.text
    assert 200 in codes(answers)
    with either.database.read() as session:
        assert len(session.scalars(select(User).where(User.name == "Emmy")).all()) == 1


def test_a_course_is_made_by_several_at_once(either: World, at_once: Send) -> None:
    """One makes it; what the others have typed stays, with the reason."""
    data = {
        "slug": "algebra",
        "title": "Algebra",
        "time_zone": "Europe/Berlin",
        "email": PEOPLE["instructor"][0],
    }
    answers = at_once(*((either.client("admin"), "/admin/courses/", data) for _ in range(3)))

    assert codes(answers) == [200, 400, 400]
    for answer in answers:
        if answer.status_code == 400:
            assert "Another course already uses this URL name." in answer.text


def test_two_instructors_demote_each_other(either: World, at_once: Send) -> None:
    """Who comes second is no instructor any more, and so cannot; one is left."""
    with either.database.write.begin() as session:
        other = session.scalars(select(Membership).join(User).where(User.name == "Grader")).one()
        other.role = Role.INSTRUCTOR
        numbers = {
            each.user.name: each.id
            for each in session.scalars(select(Membership))
            if each.role is Role.INSTRUCTOR
        }
    data = {"role": "student", "time_multiplier": "1", "active": "1"}
    forms = [
        (either.client("instructor"), f"{STAFF}/people/{numbers['Grader']}", data),
        (either.client("grader"), f"{STAFF}/people/{numbers['Instructor']}", data),
    ]

    assert codes(at_once(*forms)) == [303, 404]

    with either.database.read() as session:
        roles = session.scalars(select(Membership.role).where(Membership.role == Role.INSTRUCTOR))
        assert len(roles.all()) == 1


def test_a_version_that_is_new_to_two_courses_has_one_row(either: World) -> None:
    """Each of them gets it."""
    settings = either.settings
    version = snapshots.prepare(settings.snapshots, settings.assignment_folders, "splits")
    start = threading.Barrier(2)

    def import_it(_: int) -> int:
        with either.database.write() as session:
            if session.get_bind().dialect.name == "postgresql":
                session.scalars(select(Snapshot)).all()
                start.wait(30)
            found = snapshots.import_version(session, version)
            session.commit()
            return found.id

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(import_it, range(2)))) == 1


def _copy_row(connection: Connection, name: str, **changed: int) -> int:
    """Insert a table's only row again, with some values changed; returns the new row's number."""
    table = Table(name, MetaData(), autoload_with=connection)
    row = dict(connection.execute(select(table)).mappings().one())
    del row["id"]
    inserted = connection.execute(table.insert().values({**row, **changed})).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def test_of_regrades_that_are_open_at_once_the_newest_stays(world: World) -> None:
    """An earlier version let several begin; the others are discarded when the schema changes."""
    submission_of(world)
    config = migrations()
    config.set_main_option("sqlalchemy.url", world.settings.database_url)
    before = ScriptDirectory.from_config(config).get_revision("0008").down_revision
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        user = session.scalars(select(User).where(User.name == "Instructor")).one()
        regrades.start(session, user, assignment, regrades.Scope.ALL)
    command.downgrade(config, str(before))
    with world.database.engine.begin() as connection:
        second = _copy_row(connection, "regrade")
        _copy_row(connection, "regrade_job", regrade_id=second)

    migrate(world.settings)

    with world.database.read() as session:
        first, second = session.scalars(select(Regrade).order_by(Regrade.id))
        assert (first.state, second.state) == (RegradeState.DISCARDED, RegradeState.OPEN)
        states = session.scalars(select(RegradeJob.state).order_by(RegradeJob.id)).all()
        assert states == [RegradeJobState.FAILED, RegradeJobState.QUEUED]
        place = f"{STAFF}/assignments/xor/regrades/{first.id}/"
    assert world.client("instructor").get(place).status_code == 200
