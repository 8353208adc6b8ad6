"""
Start bubblewrap, as an ordinary user even if started by root.

A program of its own, run by `fork_server`, that imports next to nothing, for grading waits for it.
Started as root it first makes a mount namespace, binds what the sandbox will need to a readable
place in it, and drops to an ordinary user, so that nothing that the sandbox holds ever had root's
rights.
"""

from __future__ import annotations

import os

from autograder.sandbox.runtime import linux


def main(
    *,
    bwrap: str,
    before: list[str],
    binds: list[tuple[str, str]],
    after: list[str],
    staging: str,
    user: int,
) -> None:
    """
    Carry out a plan; returns only by an exception.

    Args:
        bwrap: The program.
        before: Its arguments before the binds.
        binds: What to show, and where.
        after: Its arguments after the binds.
        staging: A folder to bind to on the way, if root starts this.
        user: Whom root becomes.
    """
    if os.geteuid() == 0:
        binds = _stage(binds, staging)
        _become(user)
    arguments = [bwrap, *before]
    for source, target in binds:
        arguments += ["--ro-bind", source, target]
    os.execv(bwrap, arguments + after)  # noqa: S606  # no shell is wanted, and none of it is a student's


def _stage(binds: list[tuple[str, str]], staging: str) -> list[tuple[str, str]]:
    """Show each source at a place that an ordinary user can reach."""
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("", "/", flags=linux.MS_SLAVE | linux.MS_REC)
    linux.mount("tmpfs", staging, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0755")
    staged = []
    for number, (source, target) in enumerate(binds):
        place = f"{staging}/{number}"
        if os.path.isdir(source):  # noqa: PTH112  # pathlib's import would take longer
            os.mkdir(place)  # noqa: PTH102  # likewise
        else:
            os.close(os.open(place, os.O_CREAT))
        linux.mount(source, place, flags=linux.MS_BIND | linux.MS_REC)
        staged.append((place, target))
    return staged


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
