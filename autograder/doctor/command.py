"""
``autograder doctor``: what this machine gives of the wall, each layer tried from inside a kernel.

Says of every layer what it is and whether it holds, and where one does not, what to do about it.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.doctor.probe import Probe
from autograder.environments import (
    Environment,
    base_interpreter,
    load_environment,
    own_environments,
)
from autograder.errors import AutograderError, CallTimeout, MemoryExceeded, SandboxError
from autograder.limits import MEGABYTE, Limits
from autograder.sandbox import policy
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.runtime import linux

ENVIRONMENTS: Final = ("numpy", "tensorflow")
WIDTH: Final = 80
PROBE_LIMITS: Final = Limits(
    call_seconds=0.5, grace_seconds=0.3, memory_mb=512, scratch_mb=16, processes=40
)
_INSIDE: Final = Path(__file__).parent / "inside.py"
_REFUSED: Final = frozenset({"EPERM", "EACCES"})
_SYSTEM: Final = Path("/proc/sys")


@dataclass(frozen=True)
class LayerResult:
    """
    What came of trying one layer.

    Args:
        layer: Its name.
        holds: Whether it holds; ``None`` for one that is a bonus and is not there.
        detail: What it is, or what was seen instead.
        advice: What to do about it, if it does not hold.
    """

    layer: str
    holds: bool | None
    detail: str
    advice: str = ""


@dataclass
class WarmSandbox:
    """
    A warm process to fork kernels from, each for one try.

    Args:
        warm: Of the environment "numpy".
        limits: Of each kernel.
    """

    warm: ForkServer
    limits: Limits = field(default_factory=lambda: PROBE_LIMITS)

    def probe(self) -> Probe:
        """Make a fresh kernel with the functions of `inside.py` in it."""
        probe = Probe(self.warm.fork_kernel(), replace(self.limits, call_seconds=20.0))
        probe.run(_INSIDE.read_text(encoding="utf-8"))
        return probe


def run_doctor(console: Console | None = None) -> int:
    """
    Try every layer and print what came of it.

    Args:
        console: Where to print.

    Returns:
        0 if grading is as safe as the design says, else 1.
    """
    shown = console or Console(highlight=False)
    console = Console(file=shown.file, width=min(shown.width, WIDTH), highlight=False)
    console.print(f"\n[bold]The wall on this machine[/]  [dim]{_machine()}[/]\n")
    results: list[LayerResult] = []
    for section, examine in (("Parts", _parts), ("Tried from inside", _wall), ("Libraries", _sets)):
        console.print(Text(section, style="bold"))
        found = list(_printed(console, examine(results)))
        results += found
        console.print()
    broken = [result for result in results if result.holds is False]
    if broken:
        names = ", ".join(result.layer for result in broken)
        console.print(Text(f"Not safe to grade with: {names}.", style="bold red"))
        console.print("Grading refuses where the wall cannot be built.\n")
        return 1
    console.print(Text("Grading is as safe here as it is meant to be.\n", style="bold green"))
    return 0


def _printed(console: Console, results: Iterator[LayerResult]) -> Iterator[LayerResult]:
    marks = {True: ("✔", "green"), False: ("✘", "bold red"), None: ("–", "dim")}  # noqa: RUF001
    for result in results:
        mark, style = marks[result.holds]
        row = Table.grid(padding=(0, 1))
        row.add_column(width=1)
        row.add_column(width=21)
        row.add_column()
        row.add_row(Text(mark, style=style), result.layer, Text(result.detail, style="dim"))
        console.print(Padding(row, (0, 0, 0, 2)))
        if result.holds is False and result.advice:
            console.print(Padding(Text(f"→ {result.advice}", style="yellow"), (0, 0, 0, 4)))
        yield result


def _machine() -> str:
    return f"Linux {platform.release()}, {os.cpu_count()} cores, Python {platform.python_version()}"


# ---- what must be there


def _parts(_: list[LayerResult]) -> Iterator[LayerResult]:
    path = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    words = _output([path, "--version"]).removeprefix("bubblewrap ") if path else ""
    yield LayerResult("bubblewrap", bool(path), words or "not found", "apt install bubblewrap")
    try:
        yield LayerResult("seccomp compiler", True, f"pyseccomp {version('pyseccomp')}")
    except PackageNotFoundError:
        yield LayerResult("seccomp compiler", False, "pyseccomp is not installed", "make setup")
    yield LayerResult("user namespaces", *_user_namespaces(path))
    yield LayerResult("cgroup", None, "not used: the guardian watches memory and time")


def _user_namespaces(bwrap: str | None) -> tuple[bool, str, str]:
    if os.geteuid() == 0:
        return True, "made by an ordinary user, below", ""
    if bwrap is None:
        return False, "not tried without bubblewrap", ""
    tried = ["--unshare-user", "--ro-bind", "/", "/", "/bin/true"]
    run = subprocess.run([bwrap, *tried], capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode == 0:
        return True, "an ordinary user may make them", ""
    return False, run.stderr.strip(), namespace_advice()


def namespace_advice(system: Path = _SYSTEM) -> str:
    """Describe how this machine's owner allows user namespaces."""
    if _setting(system / "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor forbids them (Ubuntu 24.04 and later). Allow them to bubblewrap: write "
            "'abi <abi/4.0>, profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }' to "
            "/etc/apparmor.d/bwrap and run: apparmor_parser -r /etc/apparmor.d/bwrap"
        )
    if _setting(system / "kernel/unprivileged_userns_clone") == "0":
        return "run: sysctl -w kernel.unprivileged_userns_clone=1"
    if _setting(system / "user/max_user_namespaces") == "0":
        return "run: sysctl -w user.max_user_namespaces=10000"
    return "in a container, its runtime has to allow user namespaces (seccomp, AppArmor)"


def _setting(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _output(command: list[str]) -> str:
    return subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False
    ).stdout.strip()


# ---- the layers, tried from inside

LayerCheck = Callable[[WarmSandbox], LayerResult]
_CHECKS: Final[dict[str, LayerCheck]] = {}


def _layer(name: str) -> Callable[[LayerCheck], LayerCheck]:
    """Add a check to the list."""

    def add(check: LayerCheck) -> LayerCheck:
        _CHECKS[name] = check
        return check

    return add


def _wall(_: list[LayerResult]) -> Iterator[LayerResult]:
    try:
        warm = ForkServer(load_environment(ENVIRONMENTS[0]))
        warm.wait_until_warm()
    except SandboxError as error:
        reason = str(error).splitlines()[0]
        yield LayerResult("the wall itself", False, reason, namespace_advice())
        return
    try:
        sandbox = WarmSandbox(warm)
        for layer, check in _CHECKS.items():
            yield _tried(layer, check, sandbox)
    finally:
        warm.close()


def _tried(layer: str, check: LayerCheck, sandbox: WarmSandbox) -> LayerResult:
    try:
        return replace(check(sandbox), layer=layer)
    except AutograderError as error:
        return LayerResult(layer, False, f"could not be tried: {error}")


def _result(holds: bool, good: str, bad: object, advice: str = "") -> LayerResult:  # noqa: FBT001
    return LayerResult("", holds, good if holds else f"{bad}", advice)


@_layer("ordinary user")
def _ordinary_user(sandbox: WarmSandbox) -> LayerResult:
    owner = sandbox.warm.owner()
    dropped = f"started by root, runs as user {owner}"
    return _result(
        owner != 0,
        dropped if os.geteuid() == 0 else f"runs as user {owner}",
        "runs as root",
        "start it as an ordinary user, or report this: it should have given up root's rights",
    )


@_layer("no capabilities")
def _no_capabilities(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        status = probe.call("status")
    sets = {name: status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    return _result(
        not any(int(bits, 16) for bits in sets.values()), "all five sets are empty", sets
    )


@_layer("no new privileges")
def _no_new_privileges(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        flag = probe.call("status")["NoNewPrivs"]
    return _result(flag == "1", "programs with more rights give none", "the flag is not set")


@_layer("system calls")
def _system_calls(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        mode, tried = probe.call("status")["Seccomp"], probe.call("system_calls")
    allowed = {name: end for name, end in tried.items() if end != "EPERM"}
    count = len(policy.DENIED_SYSTEM_CALLS)
    return _result(
        mode == "2" and not allowed,
        f"seccomp refuses {count}; tried {', '.join(tried)}",
        f"not refused: {allowed}" if allowed else "there is no filter",
    )


@_layer("no network")
def _no_network(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        names, tried = probe.call("interfaces"), probe.call("network")
    closed = set(names) <= {"lo"} and set(tried.values()) <= _REFUSED
    return _result(closed, "no interface, and no socket for one", f"{names}, {tried}")


@_layer("own processes")
def _own_processes(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        seen = probe.call("processes")
    return _result(seen == [1, 2], "sees the guardian and itself", f"sees {len(seen)} processes")


@_layer("guardian")
def _guardian(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        tried = probe.call("guardian")
    reached = {name: end for name, end in tried.items() if end not in _REFUSED}
    return _result(not reached, "its memory, files, limits and priority are closed", reached)


@_layer("read-only system")
def _read_only_system(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        written = probe.call("written_places")
    return _result(not written, "nothing but the scratch can be written", f"written to {written}")


@_layer("environment")
def _empty_environment(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        names = set(probe.call("environment"))
    leaked = names & set(os.environ) - set(policy.ENVIRONMENT) - {"PWD", "LC_CTYPE", "TERM"}
    return _result(not leaked, "holds no variable of the grader's", f"holds {sorted(leaked)}")


@_layer("scratch")
def _scratch_cap(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        written = probe.call("fill_scratch")
    cap = sandbox.limits.scratch_mb
    return _result(written <= cap, f"{written} of {cap} MB could be written", f"{written} MB")


@_layer("memory, one process")
def _memory_limit(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        held = probe.call("limits")["DATA"] == sandbox.limits.memory_mb * MEGABYTE
        tried = probe.call("too_much_memory")
    return _result(held and tried == "MemoryError", "more is refused by the kernel", tried)


@_layer("memory, together")
def _memory_watchdog(sandbox: WarmSandbox) -> LayerResult:
    began = time.monotonic()
    with sandbox.probe() as probe:
        try:
            probe.call("too_much_memory_together", sandbox.limits.memory_mb // 3, 4)
        except MemoryExceeded:
            seconds = time.monotonic() - began
            return _result(True, f"four children and one hidden thread, in {seconds:.1f} s", "")
        except CallTimeout:
            pass
    return _result(False, "", "children held more than the limit, and nothing happened")


@_layer("processes")
def _process_limit(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        forked = probe.call("too_many_processes")
    most = sandbox.limits.processes
    return _result(forked < most, f"{forked} forks, then no more", f"{forked} forks were allowed")


@_layer("Landlock")
def _landlock(sandbox: WarmSandbox) -> LayerResult:
    number = linux.landlock_version()
    if number == 0:
        return LayerResult("", None, "this kernel has none; the read-only mounts stand alone")
    if number < 6:
        return LayerResult("", None, f"version {number}: in force, but nothing to try it by")
    with sandbox.probe() as probe:
        tried = probe.call("signal_guardian")
    return _result(tried == "EPERM", f"version {number}: writes, TCP, signals, sockets", tried)


@_layer("time, interrupted")
def _interrupt(sandbox: WarmSandbox) -> LayerResult:
    with Probe(sandbox.warm.fork_kernel(), sandbox.limits) as probe:
        probe.run(_INSIDE.read_text(encoding="utf-8"))
        began = time.monotonic()
        ended = _times_out(probe, "endless")
        seconds = time.monotonic() - began
        lives = probe.evaluate("6 * 7") == 42
    limit = sandbox.limits.call_seconds
    good = f"after {seconds:.1f} s of {limit} s, and the next call works"
    return _result(ended and lives, good, "an endless call did not end, or the next one failed")


@_layer("time, killed")
def _kill(sandbox: WarmSandbox) -> LayerResult:
    with Probe(sandbox.warm.fork_kernel(), sandbox.limits) as probe:
        probe.run(_INSIDE.read_text(encoding="utf-8"))
        began = time.monotonic()
        ended = _times_out(probe, "deaf")
        seconds = time.monotonic() - began
    good = f"a call that swallows interrupts, after {seconds:.1f} s"
    return _result(ended, good, "a call that swallows interrupts went on")


def _times_out(probe: Probe, name: str) -> bool:
    try:
        probe.call(name)
    except CallTimeout:
        return True
    return False


# ---- the libraries that notebooks find


def _sets(results: list[LayerResult]) -> Iterator[LayerResult]:
    if any(result.layer == "the wall itself" for result in results):
        yield LayerResult("environments", False, "not tried without the wall")
        return
    for name in dict.fromkeys((*ENVIRONMENTS, *own_environments())):
        yield _environment(name)


def _environment(name: str) -> LayerResult:
    try:
        environment = load_environment(name)
        began = time.monotonic()
        warm = ForkServer(environment)
        warm.wait_until_warm()
    except SandboxError as error:
        if name in own_environments():
            return LayerResult(name, False, str(error).splitlines()[-1])
        return LayerResult(name, False, str(error), "make setup")
    seconds = time.monotonic() - began
    try:
        with WarmSandbox(warm).probe() as probe:
            modules = [module.partition(".")[0] for module in environment.preload]
            packages = dict.fromkeys([*modules, *environment.if_imported])
            found = probe.call("versions", list(packages))
    except AutograderError as error:
        return LayerResult(name, False, str(error), "make setup")
    finally:
        warm.close()
    wanted = _python_version(environment)
    if found["python"] != wanted:
        return LayerResult(name, False, f"runs Python {found['python']}, not its own {wanted}")
    listed = ", ".join(f"{module} {number}".strip() for module, number in found.items())
    return LayerResult(name, True, f"warm after {seconds:.1f} s: {listed}")


@functools.cache
def _python_version(environment: Environment) -> str:
    executable = str(base_interpreter(environment.python).executable)
    match = re.search(r"\d+\.\d+\.\d+\S*", _output([executable, "--version"]))
    return match.group() if match else ""


if __name__ == "__main__":
    sys.exit(run_doctor())
