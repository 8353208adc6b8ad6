"""Every form refuses a mark that is missing, empty, forged, expired or of another session."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.web.conftest import World, token_of
from tests.web.test_policy_routes import routes
from web.db import Base

MARKS = ["missing", "empty", "forged", "expired", "of another session", "of nobody's session"]


def everything(world: World) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with world.database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))]
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("mark", MARKS)
def test_no_form_is_taken_without_its_mark(world: World, mark: str) -> None:
    """Each of all POST routes answers 400 with what to do, and nothing in the database changes."""
    # Mail programs unsubscribe without a page: what is signed in the address is its mark.
    addresses = [
        address
        for endpoint, method, address in routes(world)
        if method == "POST" and endpoint != "notices.unsubscribe"
    ]
    client = world.client("admin")
    tokens = {
        "missing": None,
        "empty": "",
        "forged": "IjEyMzQi.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "expired": token_of(client, "/account"),
        "of another session": token_of(world.client("instructor"), "/account"),
        "of nobody's session": token_of(world.app.test_client(), "/sign-in"),
    }
    if mark == "expired":
        # A mark that was made now is older than this.
        world.app.config["WTF_CSRF_TIME_LIMIT"] = -1
    data = {} if tokens[mark] is None else {"csrf_token": tokens[mark]}
    before = everything(world)

    for address in addresses:
        answer = client.post(address, data=data)
        assert answer.status_code == 400, address
        assert "reload the page, and send the form again" in answer.text
    assert everything(world) == before
    assert len(addresses) >= 14


def test_right_mark_of_another_site_is_refused_by_https(world: World) -> None:
    """With HTTPS a form must also come from a page of ours."""
    world.app.config["WTF_CSRF_SSL_STRICT"] = True
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, "/account")}

    answer = client.post(
        "/courses/dl/staff/assignments/xor/release",
        data=data,
        base_url="https://localhost",
        headers={"Referer": "https://evil.example/"},
    )

    assert answer.status_code in (302, 400)
    assert "assignment.released" not in str(everything(world)["audit_entry"])
