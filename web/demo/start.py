"""Start the demo: a portal of its own, in a folder that is removed at the end."""

from __future__ import annotations

import os
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from autograder.assignment import find_assignment
from web.config import Settings
from web.db import open_database
from web.demo import course, people
from web.demo.activity import Activity
from web.serve import port_of, refuse_taken, run
from web.services.courses import validation
from web.setup import migrate
from web.signals import note_signals

START_SECONDS: Final = 60.0
_ROLES: Final = (
    (people.INSTRUCTOR, "instructor: releases, extensions, submissions"),
    (people.GRADER, "grader: grades written answers"),
    (people.ADMIN, "admin: creates courses"),
)


def demo(host: str | None, port: int | None) -> int:
    """
    Run the demo until asked to stop.

    Args:
        host: Where to listen; by default only this machine gets in, for the password is public.
        port: Which; by default `$PORT`, else 8000.
    """
    address = host or "127.0.0.1"
    number = port_of(port)
    # Before anything is printed: what answers there would be taken for the demo.
    refuse_taken(address, number)
    signals = note_signals()
    with tempfile.TemporaryDirectory(prefix="autograder-demo-") as folder:
        settings = _settings(Path(folder), open_to_others=host is not None)
        migrate(settings)
        database = open_database(settings.database_url)
        with database.write.begin() as session:
            cast = course.make_course(session, settings)
        validation.request(settings.snapshots, cast.assignments["splits"].snapshot)
        activity = Activity(settings, database, cast)
        thread = threading.Thread(target=_visit, args=(activity, number), daemon=True)
        thread.start()
        try:
            return run(address, number, settings, signals)
        finally:
            activity.stop()
            thread.join()


def _settings(folder: Path, *, open_to_others: bool) -> Settings:
    os.environ["AUTOGRADER_DATA"] = str(folder)
    # A demo is for looking around: nothing of an operator's own settings comes into it.
    for name in ("DATABASE_URL", "HTTPS", "PUBLIC_URL", "SMTP_URL", "TRUSTED_PROXIES"):
        os.environ.pop(f"AUTOGRADER_{name}", None)
    # Whoever lets others in has no name for it, and nothing here is worth a false link.
    os.environ["AUTOGRADER_TRUSTED_HOSTS"] = "*" if open_to_others else ""
    os.environ["AUTOGRADER_ASSIGNMENTS"] = str(find_assignment(course.NAMES[0]).parent)
    return Settings.from_environment()


def _visit(activity: Activity, port: int) -> None:
    if _answers(port):
        _print_accounts(port)
        activity.begin()
        activity.go_on()
    else:
        Console().print(
            f"The portal did not answer within {START_SECONDS:.0f} s. Stop it and try again."
        )


def _answers(port: int) -> bool:
    """Wait until the portal answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _print_accounts(port: int) -> None:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for title in ("sign in as", "who", "role"):
        table.add_column(title)
    for (email, name), role in _ROLES:
        table.add_row(email, name, role)
    table.add_row(people.address("Ada"), "Ada Example", "student: hints, a late attempt, an exam")
    table.add_row(people.address("Ella"), "Ella Ejemplo", "student with a time multiplier of 1.5")
    others = ", ".join(name.partition(" ")[0].lower() for name in people.STUDENTS[1:])
    console = Console()
    console.print()
    console.rule(f"[bold]http://localhost:{port}/[/]", align="left")
    console.print(table)
    console.print(f"  Everybody's password is [bold]{people.PASSWORD}[/]", highlight=False)
    console.print(f"  [dim]More students: {others}, each @example.org[/]", highlight=False)
    console.print("  [dim]Press Ctrl-C to end the demo and delete its data.[/]")
