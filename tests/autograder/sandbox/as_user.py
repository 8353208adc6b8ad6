"""
Run a command as an ordinary user, for tests that root runs.

    python -m tests.autograder.sandbox.as_user [--user-namespaces=N] [--subordinate] PATH… \
        -- COMMAND…

Each PATH is made reachable where it is, even below a folder that is root's alone. Run by an
ordinary user already, only the namespaces are dealt with. With ``--subordinate``, which root alone
can ask for, the user has a name and subordinate ids.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from autograder.sandbox.runtime import linux

USER = 1234
OPTION = "--user-namespaces="
SUBORDINATE = "--subordinate"
FIRST_SUBORDINATE, SUBORDINATES = 700_000, 1000


def main() -> None:
    """Become the command."""
    arguments = sys.argv[1:]
    most = [word for word in arguments if word.startswith(OPTION)]
    subordinate = SUBORDINATE in arguments
    arguments = [word for word in arguments if word not in most and word != SUBORDINATE]
    split = arguments.index("--")
    if os.geteuid() == 0:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("", "/", flags=linux.MS_SLAVE | linux.MS_REC)
        if subordinate:
            _add_line("/etc/passwd", f"tester:x:{USER}:{USER}:tester:/:/bin/sh")
            _add_line("/etc/subuid", f"tester:{FIRST_SUBORDINATE}:{SUBORDINATES}")
        _open_up([Path(word).resolve() for word in arguments[:split]])
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
    for word in most:
        _bound_namespaces(word.removeprefix(OPTION))
    os.execvp(arguments[split + 1], arguments[split + 1 :])


def _add_line(path: str, line: str) -> None:
    """Add a line to one of the system's files, for this process and its children alone."""
    own = Path(tempfile.mkdtemp()) / "copy"
    own.write_text(f"{Path(path).read_text()}{line}\n")
    own.chmod(0o644)
    own.parent.chmod(0o755)
    linux.mount(str(own), path, flags=linux.MS_BIND)


def _open_up(paths: list[Path]) -> None:
    """Put an empty, open folder over each closed one, and in it only what is asked for."""
    closed = {folder for path in paths if (folder := _closed_parent(path)) is not None}
    for folder in closed:
        wanted = [path for path in paths if path.is_relative_to(folder)]
        kept = Path(tempfile.mkdtemp())
        for number, path in enumerate(wanted):
            (kept / str(number)).mkdir()
            linux.mount(str(path), str(kept / str(number)), flags=linux.MS_BIND | linux.MS_REC)
        linux.mount("tmpfs", str(folder), "tmpfs", 0, "mode=0755")
        for number, path in enumerate(wanted):
            path.mkdir(parents=True)
            linux.mount(str(kept / str(number)), str(path), flags=linux.MS_BIND | linux.MS_REC)


def _closed_parent(path: Path) -> Path | None:
    """Return the outermost folder above a path that not everybody may pass through."""
    parents = [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]
    return parents[0] if parents else None


def _bound_namespaces(most: str) -> None:
    """Do what ``sysctl user.max_user_namespaces=N`` does, for this process and its children."""
    user = os.getuid()
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # giving up root's id has closed /proc/self
    linux.unshare(linux.CLONE_NEWUSER)
    own = f"{user} {user} 1"
    for name, line in (("setgroups", "deny"), ("uid_map", own), ("gid_map", own)):
        Path(f"/proc/self/{name}").write_text(line)
    Path("/proc/sys/user/max_user_namespaces").write_text(most)


if __name__ == "__main__":
    main()
