"""
The users of this machine that kernels run as, each kernel as another one where there are such.

Linux keeps some counts by user, for the whole machine: watched descriptors, pipes, descriptors on
their way, timers. Kernels of one user share them, so one could use them up for the others.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
from pathlib import Path
from typing import Final

from autograder.environments import Environment
from autograder.errors import SandboxError
from autograder.sandbox import policy
from autograder.sandbox.policy import KernelUsers

SUBORDINATE_USERS: Final = Path("/etc/subuid")
MAPPING_PROGRAM: Final = "newuidmap"
_FOR_ALL: Final = 0o055


def kernel_users(environment: Environment) -> KernelUsers | None:
    """Return the users that kernels of an environment may run as, ``None`` if there are none."""
    if os.geteuid() == 0:
        return policy.ROOT_KERNEL_USERS
    if shutil.which(MAPPING_PROGRAM, path=policy.LAUNCHER_PATH) is None:
        return None
    # Other users must be able to read the libraries; an operator's umask may have closed them.
    if environment.folder.stat().st_mode & _FOR_ALL != _FOR_ALL:
        return None
    return subordinate_users()


def subordinate_users() -> KernelUsers | None:
    """Return the range that the machine gives the operator's user, ``None`` if it gives none."""
    try:
        names = {pwd.getpwuid(os.getuid()).pw_name, str(os.getuid())}
        lines = SUBORDINATE_USERS.read_text().splitlines()
    except (KeyError, OSError):
        return None
    for line in lines:
        name, _, numbers = line.strip().partition(":")
        first, _, count = numbers.partition(":")
        if name in names and first.isdecimal() and count.isdecimal() and int(count) > 0:
            return KernelUsers(int(first), min(int(count), policy.MOST_KERNEL_USERS))
    return None


class UserLease:
    """
    One user of a range, held by one kernel of this machine at a time until it is given back.

    Args:
        users: The range.

    Raises:
        SandboxError: If all are held.
    """

    def __init__(self, users: KernelUsers) -> None:
        first = secrets.randbelow(users.count)
        for offset in range(users.count):
            number = (first + offset) % users.count
            holder = socket.socket(socket.AF_UNIX)
            try:
                # Linux lets one process have this name, and frees it with the process.
                holder.bind(f"\0autograder-kernel-user-{users.first + number}")
            except OSError:
                holder.close()
                continue
            self.number = number
            self._holder = holder
            return
        raise SandboxError(f"all {users.count} users for kernels are in use")

    def close(self) -> None:
        """Return the user to those that are free."""
        self._holder.close()
