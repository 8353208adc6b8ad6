"""All that is wrong with an assignment's rules is told at once, beside its fields."""

from __future__ import annotations

import re

from sqlalchemy import select

from tests.web.conftest import World, token_of
from web.models import CourseAssignment

PAGE = "/courses/dl/staff/assignments/xor/settings"


def shown(world: World) -> dict[str, str]:
    """What the form holds."""
    text = world.client("instructor").get(PAGE).text
    fields = re.findall(r'<input id="(\w+)" name="\w+"(?: value="([^"]*)")?', text)
    return dict(fields) | {"version": re.findall(r'name="version" value="([^"]+)"', text)[0]}


def test_each_mistake_stands_below_its_field(world: World) -> None:
    """What cannot be read, and what contradicts; what was typed stays, and nothing is saved."""
    client = world.client("instructor")
    mistakes = {
        "release_at": "2026-11-20T10:00",
        "due_at": "2026-11-19T10:00",
        "cutoff_at": "next week",
        "max_attempts": "several",
        "attempts_per_hour": "0",
        "weight": "-1",
    }
    data = shown(world) | mistakes | {"counted": "best", "csrf_token": token_of(client, PAGE)}

    answer = client.post("/courses/dl/staff/assignments/xor/rules", data=data)

    assert answer.status_code == 400
    told = dict(re.findall(r'<p class="field-error" id="(\w+)-problem">([^<]+)</p>', answer.text))
    assert told == {
        "due_at": "The deadline must come after the release.",
        "cutoff_at": "“next week” is not a date and time.",
        "max_attempts": "Attempts allowed: “several” is not a number.",
        "attempts_per_hour": (
            "The number of attempts per hour must be at least 1; leave it empty for no limit."
        ),
        "weight": "The weight cannot be negative.",
    }
    assert answer.text.count('aria-invalid="true"') == len(told)
    assert "see what is written below the fields. Your input has been kept." in answer.text
    for name, typed in mistakes.items():
        assert re.search(f'name="{name}" value="{typed}"', answer.text)
    with world.database.read() as session:
        query = select(CourseAssignment).where(CourseAssignment.name == "xor")
        assert session.scalars(query).one().weight >= 0
