"""Stopped while it grades: in order, quickly, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.web.conftest import World
from tests.web.workers.test_killed import one_is_running, serving, submit_content, wait_for
from web.models import Submission, SubmissionState

SLOW = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "cell_type": "code",
            "id": "slow",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": "import time\ntime.sleep(60)",
        }
    ],
}


@pytest.mark.parametrize(
    ("send", "number"),
    [
        pytest.param(os.killpg, signal.SIGINT, id="Ctrl-C in a terminal"),
        pytest.param(os.kill, signal.SIGTERM, id="SIGTERM of a service manager"),
    ],
)
def test_stopped_portal_gives_back_what_it_grades(
    world: World, send: Callable[[int, int], None], number: int
) -> None:
    """One line says how many; no traceback; the submission waits again, and it cost no try."""
    submit_content(world, json.dumps(SLOW).encode())
    with serving(world) as process:
        wait_for(world, one_is_running)
        send(process.pid, number)
        assert process.wait(40) == 0

    told = (world.settings.data / "serve.log").read_text()
    assert "Traceback" not in told
    assert told.count("gave back 1 submission\n") == 1
    with world.database.read() as session:
        found = session.scalars(select(Submission)).all()
    assert [each.state for each in found] == [SubmissionState.QUEUED] * 3
    assert [each.tries for each in found] == [0, 0, 0]
    assert all(each.lease_owner is None for each in found)
