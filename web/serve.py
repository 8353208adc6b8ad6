"""`autograder serve`: the portal and its grading workers on one machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from autograder.errors import InputError
from autograder.sandbox.runtime import linux
from web.config import Settings, is_own_name
from web.db import open_database
from web.models import User
from web.services.submissions import leases
from web.setup import migrate
from web.signals import note_signals

DEFAULT_PORT: Final = 8000
THREADS: Final = 32
RESTART_SECONDS: Final = 1.0
STOP_SECONDS: Final = 20.0


def serve(host: str, port: int | None) -> int:
    """Run until asked to stop; a process that ends by itself is started again."""
    number = port_of(port)
    refuse_taken(host, number)
    signals = note_signals()
    settings = Settings.from_environment()
    if not settings.trusted_proxies:
        refuse_open_address(host)
    refuse_unknown_address(settings)
    return run(host, number, settings, signals)


def run(host: str, number: int, settings: Settings, signals: list[int]) -> int:
    """Run the portal and its workers, wherever it listens, until a signal is noted."""
    migrate(settings)
    requeue_orphans(settings)
    address = f"{host}:{number}"
    commands = {
        "portal": _portal_command(address),
        "grading": _command("web.workers.grading", "run_worker"),
        "notices": _command("web.workers.notices", "run_notices"),
    }
    workers = f"{settings.workers} grading worker{'s' * (settings.workers != 1)}"
    print(f"The portal listens on http://{address}/ with {workers}.")
    if not has_accounts(settings):
        print("Nobody can sign in yet: create the first account with `autograder init`.")
    return _supervise(commands, settings, signals)


def has_accounts(settings: Settings) -> bool:
    """Return whether anybody could sign in."""
    database = open_database(settings.database_url)
    try:
        with database.read() as session:
            return session.scalar(select(User.id).limit(1)) is not None
    finally:
        database.engine.dispose()


def port_of(port: int | None) -> int:
    """Return the port that was asked for, else `$PORT`, else the default."""
    return port or int(os.environ.get("PORT") or DEFAULT_PORT)


def refuse_open_address(host: str) -> None:
    """
    Refuse to be reached from other machines without a proxy in front.

    A handful of connections that never end would hold all threads; a proxy takes them upon itself.

    Raises:
        InputError: If the address is not one of this machine's own.
    """
    if is_own_name(host.strip("[]")):
        return
    raise InputError(
        f"--host {host}: others would reach the portal without a proxy in front of it, which a few "
        "slow connections stop; put one in front and set AUTOGRADER_TRUSTED_PROXIES, as the "
        "operators' handbook says"
    )


def refuse_unknown_address(settings: Settings) -> None:
    """
    Refuse to stand behind a proxy without knowing by which address browsers come.

    Raises:
        InputError: If neither a public address nor other names are set.
    """
    if settings.trusted_proxies and not (settings.public_url or settings.trusted_hosts):
        raise InputError(
            "AUTOGRADER_PUBLIC_URL is not set: say where browsers reach the portal, such as "
            "https://portal.example.org; links begin with it, and other names are not answered"
        )


def refuse_taken(host: str, port: int) -> None:
    """
    Refuse a port on which somebody else listens: the portal would be started again for ever.

    Raises:
        InputError: If it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise InputError(
                f"{host}:{port}: cannot listen here: {error.strerror}; choose another --port"
            ) from None


def requeue_orphans(settings: Settings) -> int:
    """Put back what workers of this machine had claimed that are gone; returns how many."""
    database = open_database(settings.database_url)
    with database.write.begin() as session:
        gone = [owner for owner in leases.owners(session) if not _alive(owner)]
        count = leases.requeue_orphaned(session, gone)
    database.engine.dispose()
    return count


def _alive(owner: str) -> bool:
    """Return whether a worker lives; one of another machine is left to its lease."""
    host, _, rest = owner.rpartition("-")[0].rpartition("-")
    if host != os.uname().nodename or not rest.isdigit():
        return True
    try:
        # A zombie, killed and not yet reaped, has an id, but no command any more.
        return bool(Path(f"/proc/{rest}/cmdline").read_bytes())
    except OSError:
        return False


def _portal_command(address: str) -> list[str]:
    options = [
        "--bind",
        address,
        "--worker-class",
        "gthread",
        "--workers",
        "1",
        "--no-control-socket",
        "--config",
        "python:web.portal_process",
    ]
    options += ["--threads", str(THREADS), "--graceful-timeout", "10", "--timeout", "120"]
    return [sys.executable, "-m", "gunicorn", *options, "web.factory:create_app()"]


def _command(module: str, function: str) -> list[str]:
    """Return the command of a process that a function of ours runs."""
    return [
        sys.executable,
        "-c",
        f"import sys; from {module} import {function}; sys.exit({function}())",
    ]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # Ctrl-C reaches a terminal's whole process group: only we hear it, and end the others in order.
    return subprocess.Popen(  # noqa: S603  # our own commands
        command,
        preexec_fn=_die_with_parent,  # noqa: PLW1509  # no thread has been started
        process_group=0,
    )


def _die_with_parent() -> None:
    linux.die_with_parent(signal.SIGKILL)


def _supervise(commands: dict[str, list[str]], settings: Settings, signals: list[int]) -> int:
    running = {name: _start(command) for name, command in commands.items()}
    while not signals:
        time.sleep(0.2)
        for name, process in running.items():
            if process.poll() is not None and not signals:
                print(
                    f"autograder: {name} ended ({process.returncode}); starting it again",
                    flush=True,
                )
                time.sleep(RESTART_SECONDS)
                _requeue_at_once(settings)
                running[name] = _start(commands[name])
    return _stop(list(running.values()))


def _requeue_at_once(settings: Settings) -> None:
    try:
        requeue_orphans(settings)
    except SQLAlchemyError as error:
        # The leases end by themselves; students only wait longer.
        print(f"autograder: the queue could not be looked at: {error}", flush=True)


def _stop(processes: list[subprocess.Popen[bytes]]) -> int:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return 0
