"""A result's notebook is rendered once, in another process; pages show what is stored."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, update

from autograder.cli import main
from autograder.errors import RenderError
from autograder.grade import Grader
from autograder.render.process import NOT_SHOWN
from autograder.render.rendered import RenderedNotebook
from tests.web.conftest import World, token_of
from tests.web.reports import graded, notebook
from web.db import open_database
from web.models import CourseAssignment, Result, Submission, User
from web.services.submissions import rendering, submitting
from web.workers.grading import Worker

ROOT = Path(__file__).parents[4]
ANSWERS = "/courses/dl/staff/grading/xor/q7/"


@pytest.fixture
def old(world: World) -> str:
    """Return the public id of a submission that an earlier version of the program graded."""
    with world.database.write.begin() as session:
        submission = graded(session, world.settings.submissions, "Student", {"q1": 1.0})
        return submission.public_id


def stored(world: World) -> str | None:
    """Return the HTML of the only result, as it is stored."""
    with world.database.read() as session:
        return session.scalars(select(Result.rendered)).one()


def forbid_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be rendered any more."""

    def fail() -> None:
        raise RenderError("no page renders what is stored")

    monkeypatch.setattr(rendering, "renderer", fail)


def test_an_old_result_is_rendered_once(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look at it stores what the other ones show, whoever looks."""
    page = f"/submissions/{old}/notebook"
    first = world.client("student").get(page).text
    forbid_rendering(monkeypatch)

    assert "<math" in first
    assert world.client("student").get(page).text == first
    assert 'id="result-q1"' in world.client("grader").get(f"{page}?as=staff").text
    answer = world.client("grader").get(f"{ANSWERS}{old}/").text
    assert "<math" in answer
    assert re.findall(r"Cell \d+", answer) == ["Cell 2"]
    found = RenderedNotebook.from_text(stored(world) or "")
    assert found is not None
    assert len(found.cells) == 3


@pytest.mark.parametrize(
    "bad",
    [
        '{"version": 0, "cells": [], "places": {}}',
        '{"version": 1, "cells": [{"kind": "code"}], "places": {}}',
        '{"version": 1, "cells": [{"kind": "code", "html": "", "no',
        "[]",
    ],
    ids=["of an earlier cleaning", "without a field", "cut off", "of another kind"],
)
def test_what_is_not_as_it_should_be_is_not_shown(world: World, old: str, bad: str) -> None:
    """It is rendered anew, and stored in its place."""
    with world.database.write.begin() as session:
        session.execute(update(Result).values(rendered=bad))

    assert "<math" in world.client("student").get(f"/submissions/{old}/notebook").text
    assert "<math" in (stored(world) or "")


def test_pages_stand_without_a_renderer(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They say so in a sentence; as soon as there is one again, the notebook is shown."""
    with monkeypatch.context() as broken:
        forbid_rendering(broken)
        page = world.client("student").get(f"/submissions/{old}/notebook")
        answer = world.client("grader").get(f"{ANSWERS}{old}/")

    assert [page.status_code, answer.status_code] == [200, 200]
    assert "cannot be shown right now" in page.text
    assert "cannot be shown right now" in answer.text
    assert "<math" in world.client("student").get(f"/submissions/{old}/notebook").text


def test_what_costs_too_much_is_a_sentence(world: World, old: str) -> None:
    """What ends the child twice is stored as such, and not tried again."""
    with world.database.write.begin() as session:
        session.execute(update(Result).values(notebook='{"cells": ['))
    page = world.client("student").get(f"/submissions/{old}/notebook")
    answer = world.client("grader").get(f"{ANSWERS}{old}/")

    assert [page.status_code, answer.status_code] == [200, 200]
    assert "takes too much to be shown" in page.text
    assert "takes too much to be shown" in answer.text
    assert stored(world) == NOT_SHOWN.as_text()


def test_readers_do_not_queue_up(world: World, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While others are rendered a page says so, and holds none of the server's threads."""
    monkeypatch.setattr(rendering, "_RENDERING", threading.BoundedSemaphore(1))
    with rendering._RENDERING:
        page = world.client("student").get(f"/submissions/{old}/notebook")
        answer = world.client("grader").get(f"{ANSWERS}{old}/")

    assert [page.status_code, answer.status_code] == [200, 200]
    assert "is being prepared" in page.text
    assert "is being prepared" in answer.text
    assert stored(world) is None


def test_rendering_holds_no_lock(world: World, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that shows an old answer keeps nobody from writing while that is rendered."""
    client = world.client("grader")
    token = token_of(client, f"{ANSWERS}{old}/")
    with world.database.write.begin() as session:
        session.execute(update(Result).values(rendered=None))
    real = rendering.renderer()
    waited = []

    class Slow:
        def render(self, *arguments: object) -> RenderedNotebook:
            began = time.monotonic()
            with world.database.write.begin() as session:
                session.execute(update(Submission).values(file_name="b.ipynb"))
            waited.append(time.monotonic() - began)
            return real.render(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rendering, "renderer", Slow)
    for form in ({"insert": "1"}, {"points": "x", "version": "0"}):
        with world.database.write.begin() as session:
            session.execute(update(Result).values(rendered=None))
        page = client.post(f"{ANSWERS}{old}/", data={"csrf_token": token, **form})
        assert "<math" in page.text

    assert len(waited) == 2
    assert max(waited) < 5


@pytest.mark.parametrize("works", [True, False])
def test_a_worker_renders_what_it_grades(
    world: World, engine: Grader, monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    """The HTML is stored with the report; without a renderer the report is stored all the same."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        user = session.scalars(select(User).where(User.name == "Student")).one()
        content = json.dumps(notebook()).encode()
        folder = world.settings.submissions
        submitting.submit(session, folder, user, assignment, "a.ipynb", content)
    if not works:
        forbid_rendering(monkeypatch)

    assert Worker(world.settings, world.database, engine).work_once()

    assert (stored(world) is not None) == works


def test_a_page_of_a_stored_result_renders_nothing(world: World, old: str) -> None:
    """The process that shows it does not even load what renders."""
    world.client("student").get(f"/submissions/{old}/notebook")
    program = f"""
import sys
from pathlib import Path
from tests.web.conftest import World, _settings
from web.db import open_database
from web.factory import create_app
settings = _settings(Path({str(world.settings.data)!r}))
database = open_database(settings.database_url)
client = World(create_app(settings, database), database, settings).client("student")
assert "<math" in client.get("/submissions/{old}/notebook").text
print(*{{"nbconvert", "nh3", "mistune"}} & sys.modules.keys())
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not run.stdout.strip()


def test_a_backup_holds_it(
    world: World,
    old: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A restored portal shows the notebook without rendering it again."""
    world.client("student").get(f"/submissions/{old}/notebook")
    place = tmp_path_factory.mktemp("other")
    monkeypatch.delenv("AUTOGRADER_DATABASE_URL", raising=False)
    for data, action in ((world.settings.data, "backup"), (place / "new", "restore")):
        monkeypatch.setenv("AUTOGRADER_DATA", str(data))
        assert main([action, str(place / "portal.tar.gz")]) == 0

    database = open_database(f"sqlite:///{place / 'new' / 'portal.sqlite3'}")
    with database.read() as session:
        assert session.scalars(select(Result.rendered)).one() == stored(world)
    database.engine.dispose()


def test_the_column_comes_and_goes_with_rows_in_place(world: World, old: str) -> None:
    """Back and forward again, the result is there and is rendered anew."""
    world.client("student").get(f"/submissions/{old}/notebook")
    world.database.engine.dispose()
    config = Config()
    config.set_main_option("script_location", str(ROOT / "web" / "migrations"))
    config.set_main_option("sqlalchemy.url", world.settings.database_url)

    command.downgrade(config, "0005")
    command.upgrade(config, "head")

    assert stored(world) is None
    assert "<math" in world.client("student").get(f"/submissions/{old}/notebook").text
