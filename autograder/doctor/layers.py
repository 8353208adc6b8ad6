"""The layers of the sandbox, each tried from inside a kernel."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from autograder.doctor.advice import namespace_advice
from autograder.doctor.probe import Probe
from autograder.doctor.result import LayerResult
from autograder.environments import load_environment
from autograder.errors import AutograderError, CallTimeout, MemoryExceeded, SandboxError
from autograder.limits import MEGABYTE, Limits
from autograder.sandbox import policy
from autograder.sandbox.bubblewrap import shared_sources
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.residency import machine_memory, read_into_memory
from autograder.sandbox.runtime import linux
from autograder.sandbox.runtime.fairness import MOST_SESSIONS
from autograder.sandbox.shared_files import SETTING, folder_for_copies, in_memory

SANDBOX_ITSELF: Final = "the sandbox itself"
PROBE_LIMITS: Final = Limits(
    call_seconds=0.5, grace_seconds=0.3, memory_mb=512, scratch_mb=16, processes=40
)
# For a call that tries something other than its limit.
PATIENT_SECONDS: Final = 20.0
GIGABYTE: Final = 2**30
_INSIDE: Final = Path(__file__).parent / "inside.py"
_REFUSED: Final = frozenset({"EPERM", "EACCES"})


@dataclass
class WarmSandbox:
    """
    A fork server to fork kernels from, each for one try.

    Args:
        fork_server: Of any environment.
        limits: Of each kernel.
    """

    fork_server: ForkServer
    limits: Limits = field(default_factory=lambda: PROBE_LIMITS)

    def probe(self, call_seconds: float = PATIENT_SECONDS) -> Probe:
        """Make a fresh kernel with the functions of `inside.py` in it."""
        limits = replace(self.limits, call_seconds=call_seconds)
        probe = Probe(self.fork_server.fork_kernel(), limits)
        probe.run(_INSIDE.read_text(encoding="utf-8"))
        return probe


LayerCheck = Callable[[WarmSandbox], LayerResult]
_CHECKS: Final[dict[str, LayerCheck]] = {}
_TRIES: Final = 2
"""On a busy machine a kernel may end before it was looked at."""


def _layer(name: str) -> Callable[[LayerCheck], LayerCheck]:
    """Add a check to the list."""

    def add(check: LayerCheck) -> LayerCheck:
        _CHECKS[name] = check
        return check

    return add


def try_layers() -> Iterator[LayerResult]:
    """Build the sandbox, and try its layers one after the other."""
    try:
        fork_server = ForkServer(load_environment("numpy"))
        fork_server.wait_until_warm()
    except SandboxError as error:
        reason = str(error).splitlines()[0]
        yield LayerResult(SANDBOX_ITSELF, False, reason, namespace_advice())
        return
    with fork_server:
        for layer, check in _CHECKS.items():
            yield _tried(layer, check, WarmSandbox(fork_server))


def _tried(layer: str, check: LayerCheck, sandbox: WarmSandbox) -> LayerResult:
    reason = ""
    for _ in range(_TRIES):
        try:
            return replace(check(sandbox), layer=layer)
        except AutograderError as error:
            reason = f"could not be tried: {error}"
    return LayerResult(layer, False, reason, tried=False)


def _result(holds: bool, good: str, bad: object, advice: str = "") -> LayerResult:  # noqa: FBT001
    return LayerResult("", holds, good if holds else f"{bad}", advice)


@_layer("ordinary user")
def _ordinary_user(sandbox: WarmSandbox) -> LayerResult:
    owner = sandbox.fork_server.owner()
    dropped = f"started by root, runs as user {owner}"
    return _result(
        owner != 0,
        dropped if os.geteuid() == 0 else f"runs as user {owner}",
        "runs as root",
        "start it as an ordinary user, or report this: it should have given up root's rights",
    )


@_layer("a user for each")
def _own_user(sandbox: WarmSandbox) -> LayerResult:
    count = sandbox.fork_server.users_for_kernels()
    if count == 0:
        return LayerResult(
            "",
            None,
            "all kernels have one user; what Linux counts by user is bounded by the guardian. "
            "For a user each, install uidmap and give your user a range in /etc/subuid",
        )
    return LayerResult("", True, f"one of {count} users for each kernel")


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


@_layer("own terminals")
def _own_terminals(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe, sandbox.probe() as other:
        counts = [each.call("terminals") for each in (probe, other)]
    return _result(
        0 < max(counts) <= 16 and min(counts) > 0, f"{counts[0]} for each kernel", counts
    )


@_layer("shared files")
def _shared_files(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        tried, locked = probe.call("shared_files"), probe.call("locked_twice")
    allowed = {name: end for name, end in tried.items() if end not in _REFUSED}
    return _result(
        not allowed and locked,
        f"locks lock nothing; refused: {', '.join(tried)}",
        f"not refused: {allowed}",
    )


@_layer("files in memory")
def _files_in_memory(sandbox: WarmSandbox) -> LayerResult:
    copies = folder_for_copies()
    if copies is not None:
        advice = f"mount a tmpfs there, or let {SETTING} name a folder on one, such as /dev/shm/…"
        return _result(
            in_memory(copies), f"kernels see the copy in {copies}", f"{copies} is on a disk", advice
        )
    size = read_into_memory(shared_sources(sandbox.fork_server.environment))
    memory = machine_memory()
    text = f"{size / GIGABYTE:.1f} GB of files, {memory / GIGABYTE:.1f} GB of memory"
    if size > memory / 2:
        return LayerResult(
            "",
            False,
            text,
            "which parts are in memory could tell kernels of each other: "
            "more memory, or fewer libraries",
        )
    advice = f"which names a kernel asks for in vain can be seen by others: set {SETTING}"
    return LayerResult("", None, text, advice)


@_layer("machine's counters")
def _counters(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        moving = probe.call("moving_counters")
    return _result(not moving, "stand still for each kernel", f"moving: {moving}")


@_layer("processor's share")
def _processor_share(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe() as probe:
        busy = probe.call("busy_sessions", 12, MOST_SESSIONS)
    good = f"of 12 busy sessions {busy} went on, and come last"
    return _result(busy <= MOST_SESSIONS, good, f"{busy} busy sessions of one kernel")


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
        limited = probe.call("limits")["DATA"] == sandbox.limits.memory_mb * MEGABYTE
        tried = probe.call("too_much_memory")
    return _result(limited and tried == "MemoryError", "more is refused by the kernel", tried)


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
    with sandbox.probe(sandbox.limits.call_seconds) as probe:
        began = time.monotonic()
        ended = _times_out(probe, "endless")
        seconds = time.monotonic() - began
        answers = probe.evaluate("6 * 7") == 42
    limit = sandbox.limits.call_seconds
    good = f"after {seconds:.1f} s of {limit} s, and the next call works"
    return _result(ended and answers, good, "an endless call did not end, or the next one failed")


@_layer("time, killed")
def _kill(sandbox: WarmSandbox) -> LayerResult:
    with sandbox.probe(sandbox.limits.call_seconds) as probe:
        began = time.monotonic()
        ended = _times_out(probe, "ignore_interrupts")
        seconds = time.monotonic() - began
    good = f"a call that swallows interrupts, after {seconds:.1f} s"
    return _result(ended, good, "a call that swallows interrupts went on")


def _times_out(probe: Probe, name: str) -> bool:
    try:
        probe.call(name)
    except CallTimeout:
        return True
    return False
