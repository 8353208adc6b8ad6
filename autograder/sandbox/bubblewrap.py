"""The arguments of bubblewrap: which folders, devices and settings a fork server sees."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import autograder
from autograder.environments import BaseInterpreter, Environment, base_interpreter
from autograder.errors import SandboxError
from autograder.sandbox import policy
from autograder.sandbox.mounts import (
    interpreter_mounts,
    merged_folders,
    parents_of,
    system_mounts,
)
from autograder.sandbox.runtime import layout
from autograder.sandbox.shared_files import copied, folder_for_copies

_RUNTIME_FILES: Final = (
    "__init__.py",
    "wire/__init__.py",
    "wire/decoder.py",
    "wire/encoder.py",
    "wire/format.py",
    "wire/generator_state.py",
    "sandbox/__init__.py",
    "sandbox/runtime/__init__.py",
    "sandbox/runtime/accounting.py",
    "sandbox/runtime/calls.py",
    "sandbox/runtime/deferred.py",
    "sandbox/runtime/fairness.py",
    "sandbox/runtime/fork_server.py",
    "sandbox/runtime/guardian.py",
    "sandbox/runtime/kernel.py",
    "sandbox/runtime/layout.py",
    "sandbox/runtime/linux.py",
    "sandbox/runtime/patches.py",
    "sandbox/runtime/protocol.py",
)
# Stands for a fork server's own folder, where only those of others are asked for.
_OWN: Final = Path("/nonexistent")
_START: Final = (
    f"import sys; sys.path.insert(0, {policy.RUNTIME!r}); "
    "from autograder.sandbox.runtime import fork_server; sys.path.pop(0); fork_server.main()"
)


def program() -> str:
    """
    Find bubblewrap.

    Raises:
        SandboxError: If it is missing.
    """
    found = installed()
    if found is None:
        raise SandboxError("bubblewrap is missing; install it: apt install bubblewrap")
    return found


def installed() -> str | None:
    """Return where bubblewrap is, if it is anywhere that an operator installs programs."""
    return shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")


def plan(
    environment: Environment,
    folder: Path,
    control: int,
    packages: frozenset[str] = frozenset(),
    users: policy.KernelUsers | None = None,
) -> dict[str, Any]:
    """
    Plan the sandbox of a fork server.

    Args:
        environment: What it can import.
        folder: The host's folder for it: ``s`` for sockets, ``stage``, ``runtime``.
        control: Descriptor of its control socket.
        packages: What the notebooks to come import, as far as is known.
        users: Whom kernels may run as; if there are none, as the fork server's own user.

    Returns:
        The arguments of `launcher.main`.

    Raises:
        SandboxError: If bubblewrap is missing, or files cannot be copied.
    """
    bwrap = program()
    before = ["--unshare-all", "--uid", str(layout.UID), "--gid", str(layout.UID)]
    before += ["--hostname", "sandbox", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in policy.ENVIRONMENT.items():
        before += ["--setenv", name, value]
    before += ["--setenv", "PATH", f"{policy.VENV}/bin:{policy.ENVIRONMENT['PATH']}"]
    if os.environ.get("AUTOGRADER_DEBUG"):
        before += ["--setenv", "AUTOGRADER_DEBUG", "1"]
    before += merged_folders()
    for scratch in policy.FORK_SERVER_SCRATCH_FOLDERS:
        before += ["--tmpfs", scratch]
    mounts = _in_memory(list(_mounts(environment, folder)), folder)
    before += parents_of(mounts)
    after: list[str] = []
    for masked in _masked(base_interpreter(environment.python)):
        after += ["--tmpfs", str(masked)]
    for empty in policy.EMPTY_FOLDERS:
        after += ["--dir", empty]
    after += ["--proc", "/proc", "--dev", "/dev"]
    after += ["--bind", str(folder / "s"), layout.SOCKETS_FOLDER]
    after += ["--remount-ro", "/", "--chdir", "/", "--"]
    after += [f"{policy.VENV}/bin/python", "-s", "-E", "-c", _START, str(control)]
    return {
        "bwrap": bwrap,
        "staging": str(folder / "stage"),
        "user": policy.ROOT_DROPS_TO_UID,
        "kernel_users": users and (layout.FIRST_KERNEL_USER, users.first, users.count),
        "before": before,
        "binds": [(str(mount.source), mount.target) for mount in mounts],
        # What was written for this fork server a moment ago is in memory.
        "kept": [n for n, each in enumerate(mounts) if not each.source.is_relative_to(folder)],
        "writable": [],
        "after": after + [json.dumps(modules) for modules in _imports(environment, packages)],
    }


def _in_memory(mounts: list[policy.Mount], folder: Path) -> list[policy.Mount]:
    """Return mounts of copies in memory, if the operator gives a folder for them."""
    copies = folder_for_copies()
    return mounts if copies is None else copied(mounts, copies, folder)


def _imports(environment: Environment, packages: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Return the modules to import before the first fork, those that wait, those for a pause."""
    yield environment.preload + environment.modules_for(packages)
    yield environment.at_first_use
    yield environment.modules_for(frozenset(environment.if_imported) - packages)


def _mounts(environment: Environment, folder: Path) -> Iterator[policy.Mount]:
    yield from system_mounts()
    yield from interpreter_mounts(environment.python)
    yield policy.Mount(environment.folder, policy.VENV)
    runtime = folder / "runtime"
    yield policy.Mount(runtime, policy.RUNTIME)
    yield policy.Mount(runtime / "passwd", "/etc/passwd")
    yield policy.Mount(runtime / "group", "/etc/group")


def shared_sources(environment: Environment) -> list[str]:
    """Return the files and folders of the machine that all kernels of an environment see."""
    mounts = _mounts(environment, _OWN)
    return [str(each.source) for each in mounts if not each.source.is_relative_to(_OWN)]


def _masked(base: BaseInterpreter) -> list[Path]:
    folders = [base.stdlib / name for name in ("site-packages", "dist-packages")]
    return [folder for folder in folders if folder.is_dir()]


def copy_runtime(target: Path) -> None:
    """Put what runs inside into a folder to bind, and nothing else of the project."""
    package = Path(autograder.__file__).parent
    for name in _RUNTIME_FILES:
        source, place = package / name, target / "autograder" / name
        _copy(source, place)
        compiled = f"__pycache__/{source.stem}.{sys.implementation.cache_tag}.pyc"
        # Another user's may be closed to us, and is only there to be quick.
        if os.access(source.parent / compiled, os.R_OK):
            _copy(source.parent / compiled, place.parent / compiled)
    (target / "passwd").write_text(policy.PASSWD)
    (target / "group").write_text(policy.GROUP)
    (target / "fonts.conf").write_text(policy.FONTS)
    # The sandbox's user reads it, whatever the umask.
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    # With its time, by which Python tells that a compiled file is of this source.
    shutil.copy2(source, place)


def explain(errors: str) -> str:
    """Turn a complaint, bubblewrap's or Python's, into what the operator can do about it."""
    if "Traceback (most recent call last)" in errors:
        # What went wrong; where is our own code, which the operator need not read.
        errors = errors.splitlines()[-1]
    if any(word in errors.lower() for word in ("uid map", "user ns", "namespace", "] clone:")):
        return (
            f"{errors}\nThis machine does not let ordinary users make namespaces. Allow it with "
            "`sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1` "
            "(Debian) or an AppArmor profile for bwrap that holds `userns,` (Ubuntu 24.04: "
            "kernel.apparmor_restrict_unprivileged_userns). `autograder doctor` tries it."
        )
    return errors or "no reason was given"
