"""A portal of its own for a measurement: data, course, `autograder serve`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from autograder.assignment import find_assignment
from web.config import Settings
from web.db import Database, now, open_database
from web.demo import course
from web.setup import migrate

START_SECONDS: Final = 60.0


def settings_in(folder: Path) -> Settings:
    """Let this process and those that it starts use a data folder; returns the settings."""
    os.environ["AUTOGRADER_DATA"] = str(folder)
    os.environ["AUTOGRADER_ASSIGNMENTS"] = str(find_assignment(course.NAMES[0]).parent)
    return Settings.from_environment()


def prepare(settings: Settings, name: str) -> Database:
    """Make the demo's course, with one assignment open and without limits."""
    migrate(settings)
    database = open_database(settings.database_url)
    with database.write.begin() as session:
        cast = course.make_course(session, settings)
        assignment = cast.assignments[name]
        assignment.release_at = now() - timedelta(days=1)
        assignment.due_at = now() + timedelta(days=1)
        assignment.attempts_per_hour = assignment.max_attempts = assignment.results_at = None
    return database


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run `autograder serve`; returns its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("autograder")), "serve", "--port", str(port)]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/sign-in", timeout=5):  # noqa: S310  # our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit("the portal does not answer")
