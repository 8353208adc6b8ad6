"""
Start bubblewrap, as an ordinary user even if started by root.

A program of its own, run by `warm_process`: it reads a plan as JSON from its first argument, and
becomes bubblewrap. Started as root it first makes a mount namespace, binds what the sandbox will
need to a readable place in it, and drops to an ordinary user, so that nothing that the sandbox
holds ever had root's rights.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from autograder.sandbox.policy import ROOT_DROPS_TO_UID
from autograder.sandbox.runtime import linux


def main() -> None:
    """Carry out the plan; returns only by an exception."""
    plan: dict[str, Any] = json.loads(sys.argv[1])
    binds = [(source, target) for source, target in plan["binds"]]
    if os.geteuid() == 0:
        binds = _stage(binds, Path(plan["staging"]))
        _drop_root()
    arguments = [plan["bwrap"], *plan["before"]]
    for source, target in binds:
        arguments += ["--ro-bind", source, target]
    arguments += plan["after"]
    os.execv(plan["bwrap"], arguments)  # noqa: S606


def _stage(binds: list[tuple[str, str]], staging: Path) -> list[tuple[str, str]]:
    """Show each source at a place that an ordinary user can reach."""
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("", "/", flags=linux.MS_SLAVE | linux.MS_REC)
    linux.mount("tmpfs", str(staging), "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0755")
    staged = []
    for number, (source, target) in enumerate(binds):
        place = staging / str(number)
        if Path(source).is_dir():
            place.mkdir()
        else:
            place.touch()
        linux.mount(source, str(place), flags=linux.MS_BIND | linux.MS_REC)
        staged.append((str(place), target))
    return staged


def _drop_root() -> None:
    os.setgroups([])
    os.setresgid(ROOT_DROPS_TO_UID, ROOT_DROPS_TO_UID, ROOT_DROPS_TO_UID)
    os.setresuid(ROOT_DROPS_TO_UID, ROOT_DROPS_TO_UID, ROOT_DROPS_TO_UID)


if __name__ == "__main__":
    main()
