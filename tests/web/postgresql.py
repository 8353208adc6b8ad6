"""A real PostgreSQL server of Debian's package, for tests on the database of several machines."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

START_SECONDS = 30.0


@contextmanager
def running_server() -> Iterator[str]:
    """Run a server in a folder of its own; its address has a gap for the database's name."""
    # The server refuses to run as root.
    owner: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="autograder-pg-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        if owner:
            shutil.chown(place, **owner)
        data = place / "data"
        begin = [_programs() / "initdb", "-D", data, "-U", "portal", "-A", "trust"]
        subprocess.run(
            [*begin, "-N", "-E", "UTF8"], check=True, capture_output=True, cwd="/", **owner
        )
        command = [_programs() / "postgres", "-D", data, "-k", place, "-c", "listen_addresses="]
        with (Path(tempfile.gettempdir()) / f"{place.name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "-c", "fsync=off"], cwd="/", stdout=log, stderr=log, **owner
            )
        Path(log.name).unlink()
        try:
            address = f"postgresql+psycopg://portal@/{{}}?host={place}"
            _wait_for(create_engine(address.format("postgres")), process)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def make_database(server: str, name: str, like: str = "template1") -> str:
    """Make a database, empty or like another that nobody uses; returns its address."""
    engine = create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
    engine.dispose()
    return server.format(name)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("PostgreSQL is missing; .ci/setup --tests installs it")
    return found[-1].parent


def _wait_for(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server takes connections."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with engine.connect():
                break
        except OperationalError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    engine.dispose()
