"""The portal's own name, imprint and privacy page."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from tests.web.conftest import World, token_of
from web.http import EXTENSION, Portal
from web.models import AuditEntry
from web.services.instance import LONGEST_TEXT

FORM = "/admin/portal/"
HOSTILE = "# Us\n\n**Physics** $x^2$\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>"


def send(client: FlaskClient, **fields: str) -> TestResponse:
    """Send the form."""
    data = {"csrf_token": token_of(client, "/account"), **fields}
    return client.post(FORM, data=data, follow_redirects=True)


def test_a_portal_without_texts_has_the_programs_name(world: World) -> None:
    """And neither page, nor a link to one."""
    page = world.app.test_client().get("/sign-in").text

    assert "· autograder</title>" in page
    assert "Imprint" not in page
    for place in ("/imprint", "/privacy"):
        assert world.app.test_client().get(place).status_code == 404


def test_name_and_pages_are_everybodys(either: World) -> None:
    """Without signing in; what an admin typed is cleaned like all else."""
    admin = either.client("admin")

    send(admin, name=" Physics\u202e  Department ", imprint=HOSTILE, privacy="We keep *grades*.")

    nobody = either.app.test_client()
    page = nobody.get("/sign-in").text
    assert "· Physics Department</title>" in page
    assert '<a href="/imprint">Imprint</a>' in page
    imprint = nobody.get("/imprint").text
    assert "<h2" in imprint and "Us" in imprint and "<strong>Physics</strong>" in imprint
    assert "<script>alert" not in imprint and "onerror" not in imprint
    assert "<em>grades</em>" in nobody.get("/privacy").text
    assert "Physics Department" in nobody.get("/nowhere").text
    with either.database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "portal.changed")
        ).one()
        assert entry.details["changed"] == {"name": ["", "Physics Department"]}
        assert entry.details["imprint_changed"] is True

    send(admin, name="", imprint="", privacy="")
    assert nobody.get("/imprint").status_code == 404


@pytest.mark.parametrize("fields", [{"name": "x" * 61}, {"imprint": "x" * (LONGEST_TEXT + 1)}])
def test_texts_that_are_too_long_are_refused(world: World, fields: dict[str, str]) -> None:
    """With what was typed kept."""
    answer = send(world.client("admin"), **fields)

    assert answer.status_code == 400
    assert "Your input has been kept." in answer.text
    assert next(iter(fields.values())) in answer.text


def test_pages_stand_while_the_database_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that was read last stays, and another try is made with the next page."""
    send(world.client("admin"), name="Physics")
    nobody = world.app.test_client()
    nobody.get("/sign-in")
    held: Portal = world.app.extensions[EXTENSION]
    held.texts.forget()

    def away() -> None:
        raise OperationalError("no", {}, Exception())

    monkeypatch.setattr(held.texts, "_database", type("Away", (), {"read": staticmethod(away)}))

    assert "· Physics</title>" in nobody.get("/sign-in").text
