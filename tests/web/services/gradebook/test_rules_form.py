"""All that is wrong with how grades are calculated is told at once, beside its fields."""

from __future__ import annotations

import re

from tests.web.conftest import World, token_of

PAGE = "/courses/dl/staff/gradebook/"


def test_each_mistake_stands_below_its_field(world: World) -> None:
    """What was typed stays, ticks too; the next try is saved."""
    client = world.client("instructor")
    page = client.get(PAGE).text
    (version,) = re.findall(r'name="version" value="([^"]+)"', page)
    data = {
        "csrf_token": token_of(client, PAGE),
        "version": version,
        "weight-xor": "heavy",
        "may-drop-xor": "1",
        "dropped_lowest": "99",
        "bonus_percent": "-1",
    }

    answer = client.post(f"{PAGE}rules", data=data)

    assert answer.status_code == 400
    told = dict(
        re.findall(r'<p class="field-error" id="([\w-]+)-problem">([^<]+)</p>', answer.text)
    )
    assert set(told) == {"weight-xor", "dropped_lowest", "bonus_percent"}
    assert "“heavy” is not a number" in told["weight-xor"]
    assert answer.text.count('aria-invalid="true"') == len(told)
    for name in told:
        assert re.search(rf'name="{name}"[^>]* value="{data[name]}"', answer.text)
    assert re.search(r'name="may-drop-xor"[^>]* checked', answer.text)
    assert not re.search(r'name="bonus-xor"[^>]* checked', answer.text)

    right = data | {"weight-xor": "2", "dropped_lowest": "1", "bonus_percent": "10"}
    assert client.post(f"{PAGE}rules", data=right).status_code == 303
    assert re.search(r'name="weight-xor"[^>]* value="2"', client.get(PAGE).text)
