"""The portal's commands of `autograder`: init, serve, demo, worker, mail-test, backup, restore."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any


def register(commands: Any) -> None:
    """Add the portal's commands to the command line; imports nothing heavy."""
    init = commands.add_parser("init", help="create the portal's database and the first admin")
    init.add_argument("--email", help="e-mail address of the first admin; asked for if missing")
    init.add_argument("--name", default="Admin")
    init.add_argument(
        "--new-link",
        action="store_true",
        help="create a new link for an account whose password was forgotten",
    )
    init.set_defaults(run=_init)
    serve = commands.add_parser("serve", help="run the portal and its grading workers")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, help="default: $PORT, else 8000")
    serve.set_defaults(run=_serve)
    demo = commands.add_parser("demo", help="try the portal with a demo course")
    demo.add_argument("--host", help="default: 127.0.0.1, reachable from this machine only")
    demo.add_argument("--port", type=int, help="default: $PORT, else 8000")
    demo.set_defaults(run=_demo)
    worker = commands.add_parser(
        "worker", help="run only grading workers, for larger installations"
    )
    worker.set_defaults(run=_worker)
    mail_test = commands.add_parser("mail-test", help="send a message to see whether e-mail works")
    mail_test.add_argument("address", metavar="ADDRESS", help="to whom, such as you@example.org")
    mail_test.set_defaults(run=_mail_test)
    backup = commands.add_parser("backup", help="back up all of the portal's data to one file")
    backup.add_argument(
        "file", type=Path, metavar="FILE", help="file to create, such as portal.tar.gz"
    )
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="restore a backup into an empty portal")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.set_defaults(run=_restore)


def _private(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Let a command make no file that others on the machine can read."""

    @wraps(run)
    def run_private(options: argparse.Namespace) -> int:
        os.umask(0o077)
        return run(options)

    return run_private


@_private
def _init(options: argparse.Namespace) -> int:
    from web.setup import init

    return init(options.email, options.name, new_link=options.new_link)


@_private
def _serve(options: argparse.Namespace) -> int:
    from web.serve import serve

    return serve(options.host, options.port)


@_private
def _demo(options: argparse.Namespace) -> int:
    from web.demo.start import demo

    return demo(options.host, options.port)


@_private
def _worker(_: argparse.Namespace) -> int:
    from web.workers.grading import run_worker

    return run_worker()


@_private
def _mail_test(options: argparse.Namespace) -> int:
    from web.workers.mail import send_test

    return send_test(options.address)


@_private
def _backup(options: argparse.Namespace) -> int:
    from web.backup.command import backup

    return backup(options.file)


@_private
def _restore(options: argparse.Namespace) -> int:
    from web.backup.command import restore

    return restore(options.file)
