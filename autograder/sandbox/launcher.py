"""
Start bubblewrap, as an ordinary user even if started by root.

A program of its own, run by `fork_server`, that imports next to nothing, for grading waits for it.
Started as root it first makes a mount namespace, binds what the sandbox will need to a readable
place in it, and drops to an ordinary user, so that nothing that the sandbox holds ever had root's
rights.
"""

from __future__ import annotations

import contextlib
import os
import resource

from autograder.sandbox.residency import fork_file_reader
from autograder.sandbox.runtime import linux
from autograder.sandbox.runtime.layout import UID


def main(
    *,
    bwrap: str,
    before: list[str],
    binds: list[tuple[str, str]],
    after: list[str],
    staging: str,
    user: int,
    kernel_users: tuple[int, int, int] | None,
    kept: list[int],
    writable: list[int],
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
        kernel_users: Users for kernels beside it: the first as the sandbox counts, as the machine
            counts, and how many.
        kept: Which of the binds are to be kept in memory, by their numbers.
        writable: Which of them what runs inside may write to.
    """
    # Student code finds the same one, whoever grades.
    os.umask(0o022)
    root = os.geteuid() == 0
    if kernel_users is not None:
        owner, group = (user, user) if root else (os.geteuid(), os.getegid())
        before = before + _map_users(owner, group, kernel_users)
    if root:
        binds = _stage(binds, staging)
        with contextlib.suppress(OSError, ValueError):  # in a container root may not raise it
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (-1, -1))
        _become(user)
    if kept:
        fork_file_reader([binds[number][0] for number in kept], may_lock=root)
    arguments = [bwrap, *before]
    for number, (source, target) in enumerate(binds):
        arguments += ["--bind" if number in writable else "--ro-bind", source, target]
    os.execv(bwrap, arguments + after)  # noqa: S606  # no shell is wanted, and none of it is a student's


def _map_users(owner: int, group: int, kernel_users: tuple[int, int, int]) -> list[str]:
    """
    Let a child write the map of the namespace that bubblewrap makes, as bubblewrap may not.

    Returns:
        The arguments by which bubblewrap waits for it.
    """
    told, tell = os.pipe()
    wait, go = os.pipe()
    if os.fork() == 0:
        os.close(tell)
        os.close(wait)
        status = 1
        try:
            answer = b"".join(iter(lambda: os.read(told, 4096), b""))
            pid = int(answer.partition(b'"child-pid":')[2].replace(b"}", b",").split(b",")[0])
            _write_maps(pid, owner, group, kernel_users)
            os.write(go, b"1")
            status = 0
        finally:
            os._exit(status)
    os.close(told)
    os.close(go)
    for descriptor in (tell, wait):
        os.set_inheritable(descriptor, True)
    return [
        *("--unshare-user", "--userns-block-fd", str(wait), "--info-fd", str(tell)),
        # Of its namespace's users the fork server may give each kernel one, and nothing more.
        *("--cap-add", "CAP_SETUID"),
    ]


def _write_maps(pid: int, owner: int, group: int, kernel_users: tuple[int, int, int]) -> None:
    inside, first, count = map(str, kernel_users)
    own = [str(UID), str(owner), "1"]
    groups = [str(UID), str(group), "1"]
    if os.geteuid() == 0:
        _write(pid, "uid_map", f"{' '.join(own)}\n{inside} {first} {count}\n")
    else:
        if _run("newuidmap", str(pid), *own, inside, first, count) != 0:
            # Not allowed after all: one user for all kernels, as without the program.
            _write(pid, "uid_map", " ".join(own))
        _write(pid, "setgroups", "deny")
    _write(pid, "gid_map", " ".join(groups))


def _write(pid: int, name: str, text: str) -> None:
    with open(f"/proc/{pid}/{name}", "w") as file:  # noqa: PTH123  # as above
        file.write(text)


def _run(*command: str) -> int:
    # No shell is wanted, and none of it is a student's.
    return os.spawnvp(os.P_WAIT, command[0], command)  # noqa: S606


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
