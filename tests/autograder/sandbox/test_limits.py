"""Limits on memory, time, files and processes, by ways around each of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.doctor.probe import Probe
from autograder.errors import CallTimeout, KernelDied, MemoryExceeded, StudentRaised
from autograder.patience import Usage
from tests.autograder.neighbours import busy_neighbours
from tests.autograder.sandbox.conftest import MakeProbe

ATTACKS = (Path(__file__).parent / "attacks.py").read_text()
Attack = Callable[..., Probe]


@pytest.fixture
def armed(make_probe: MakeProbe) -> Attack:
    """Return what makes kernels with limits, the attacks defined in them."""

    def make(**limits: float) -> Probe:
        probe = make_probe(**limits)
        probe.run(ATTACKS)
        return probe

    return make


@pytest.mark.parametrize(
    "way",
    [
        "memory_in_one_process",
        "memory_in_children",
        "memory_behind_a_thread_that_has_ended",
        "memory_behind_a_closed_door",
        "memory_in_sockets",
    ],
)
def test_memory_is_counted_wherever_it_is(armed: Attack, way: str) -> None:
    """The processes of a kernel together get no more than the limit, and the verdict says so."""
    with pytest.raises(MemoryExceeded):
        armed(memory_mb=512, call_seconds=60).call(way)


# Each begins a line of its own, a number's or another one, for those who split lines at more than
# line feeds; the last is no text at all.
LYING_NAMES = {
    "resident": b"\x0bVmRSS: -999999",
    "share": b"\x0cPss: -9999999",
    "half a line": b"\x0bVmRSS: x",
    "empty lines": b"\x0b\x0b",
    "parentheses": b") R 1 1 1 1 (",
    "escapes": b"\nVmPTE: 1\\",
    "no text": b"\xff",
}


@pytest.mark.parametrize("name", LYING_NAMES.values(), ids=LYING_NAMES)
def test_a_name_changes_no_count(armed: Attack, name: bytes) -> None:
    """A process's name stands beside the numbers of its memory, and is not believed."""
    with pytest.raises(MemoryExceeded):
        armed(memory_mb=512, call_seconds=60).call("memory_in_children_under_a_name", name.hex())


@pytest.mark.parametrize("name", LYING_NAMES.values(), ids=LYING_NAMES)
def test_a_name_changes_no_time(armed: Attack, name: bytes) -> None:
    """CPU time is counted behind the name, whatever it holds."""
    probe = armed(cpu_seconds=1, call_seconds=60)
    with pytest.raises(CallTimeout):
        probe.call("time_under_a_name", name.hex())
    assert probe.kernel.exit is not None
    assert probe.kernel.exit.reason == "timeout"


def test_commands_do_not_count_twice(armed: Attack) -> None:
    """A kernel with more than half of its memory in use may run commands."""
    probe = armed(memory_mb=1024, call_seconds=60)
    assert probe.call("hold_and_run_commands", 650, 400) == 400


def test_page_tables_are_memory(armed: Attack) -> None:
    """Processes that hold nothing but page tables are ended like others."""
    with pytest.raises(MemoryExceeded):
        armed(memory_mb=512, address_space_extra_mb=10_000, call_seconds=60).call(
            "memory_in_page_tables"
        )


@pytest.mark.parametrize("way", ["watch_everything", "hold_in_flight"])
def test_what_linux_counts_by_user_is_bounded(armed: Attack, way: str) -> None:
    """Watched descriptors, and those on their way, are memory of the system's; few are allowed."""
    with pytest.raises(MemoryExceeded):
        armed().call(way)


def test_processes_are_fewer_than_threads(armed: Attack) -> None:
    """The latest processes beyond the limit are ended; the kernel and its first children stay."""
    probe = armed(processes=40, child_processes=10)
    assert probe.call("bomb") > 15
    time.sleep(0.5)
    alive = "sum(s != 'Z' for s in states(filter(str.isdigit, os.listdir('/proc'))))"
    # Those that have ended wait for their parent, which does not ask; one is the guardian.
    assert probe.evaluate(alive) <= 11


def _wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_sessions_are_few_and_come_last(armed: Attack) -> None:
    """Linux gives each session a share of the processors: a kernel has few, and small ones."""
    probe = armed()
    children = probe.call("spin", 20, True)

    def few() -> bool:
        alive = [
            pid
            for pid, state in zip(children, probe.call("states", children), strict=True)
            if state != "Z"
        ]
        return 0 < len(alive) <= 4 and set(probe.call("shares", alive)) <= {"19"}

    assert _wait_until(few)
    assert set(probe.call("shares", [2])) <= {"3"}


def test_busy_threads_beyond_a_few_come_last(armed: Attack) -> None:
    """They run when nobody else wants to; the kernel itself and the first few keep their share."""
    probe = armed()
    children = probe.call("spin", 12, False)
    assert _wait_until(
        lambda: probe.call("policies", children).count(os.SCHED_IDLE) >= 12 - 4, 60.0
    )
    assert probe.call("policies", [2]) == [os.SCHED_OTHER]
    assert probe.evaluate("os.nice(0)") >= 3


def test_time_of_children_nobody_waits_for_counts(armed: Attack) -> None:
    """A parent that ignores its children's end is not told of their time; the guardian saw it."""
    probe = armed(cpu_seconds=2, call_seconds=60)
    with pytest.raises(CallTimeout):
        probe.call("burn_unseen")
    assert probe.kernel.exit is not None
    assert probe.kernel.exit.reason == "timeout"


def test_the_guardian_tells_the_time_used(armed: Attack) -> None:
    """CPU time grows by what the kernel uses, not by what it sleeps."""
    probe = armed()
    before = _used(probe)
    probe.run("time.sleep(0.5)")
    asleep = _used(probe)
    probe.call("burn", 0.5)
    assert asleep - before < 0.3
    assert 0.45 < _used(probe) - asleep < 1.0


def _used(probe: Probe) -> float:
    """Return the CPU time as it is now."""
    return _usage(probe).cpu_seconds


def _usage(probe: Probe) -> Usage:
    """Return what the kernel has had up to now: an answer that was asked for before is older."""
    asked = time.monotonic()
    while (usage := probe.kernel.usage()) is None or usage.at < asked:
        time.sleep(0.01)
    return usage


def test_the_guardian_tells_how_long_a_kernel_waits_for_a_processor(armed: Attack) -> None:
    """Beside others' work a kernel waits for as long as it would run; asleep it does not."""
    probe = armed(call_seconds=60)
    with busy_neighbours(4 * len(os.sched_getaffinity(0))):
        before = _usage(probe)
        probe.call("burn", 0.5)
        after = _usage(probe)
        probe.run("time.sleep(1.0)")
        asleep = _usage(probe)

    had = after.at - before.at - (_starved(after) - _starved(before))
    assert _starved(after) - _starved(before) > 0.5
    assert 0.4 < had < 1.2
    assert _starved(asleep) - _starved(after) < 0.5


def test_waiting_for_each_other_gains_no_time(armed: Attack) -> None:
    """Processes of one kernel that crowd each other out use up its time as CPU time."""
    probe = armed(call_seconds=1.0)
    began = time.monotonic()
    with pytest.raises(CallTimeout):
        probe.call("burn_in_children", 8, 60.0)
    assert time.monotonic() - began < 20


def _starved(usage: Usage) -> float:
    assert usage.starved_seconds is not None
    return usage.starved_seconds


def test_the_time_used_is_told_without_waiting(armed: Attack) -> None:
    """A guardian that does not answer costs milliseconds, and the last answer stays."""
    probe = armed()
    used = _used(probe)
    probe.kernel.kill()
    began = time.monotonic()
    assert (probe.kernel.usage() or probe).cpu_seconds == used
    assert time.monotonic() - began < 0.1


def test_shared_pages_count_once(armed: Attack) -> None:
    """Children that only share their parent's memory may be many."""
    probe = armed(memory_mb=512)
    probe.call("share_memory", 100, 8)
    time.sleep(0.5)
    assert probe.evaluate("len(held)") == 1


def test_time_of_buried_children_counts(armed: Attack) -> None:
    """The limit on CPU time is not escaped by children whose parents have ended."""
    probe = armed(cpu_seconds=2, call_seconds=60)
    with pytest.raises(CallTimeout):
        probe.call("burn_in_orphans")
    assert probe.kernel.exit is not None
    assert probe.kernel.exit.reason == "timeout"


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "/home/student"])
def test_scratch_has_one_cap_for_all_folders(armed: Attack, folder: str) -> None:
    """Bytes and files are counted over all folders together, and freed when removed."""
    probe = armed(scratch_mb=16, scratch_files=200)
    assert probe.call("fill_file", "/tmp/part", 10) == "done"
    assert probe.call("fill_file", f"{folder}/full", 10) == "No space left on device"
    probe.run(f"os.remove('/tmp/part'); os.remove('{folder}/full')")
    assert probe.call("fill_file", f"{folder}/full", 10) == "done"
    number, reason = probe.call("make_files", folder, 300)
    assert number < 200
    assert reason == "No space left on device"


def test_processes_are_limited(armed: Attack) -> None:
    """No more processes than the limit, and the kernel still answers."""
    probe = armed(processes=30)
    assert probe.call("bomb") < 30
    assert probe.evaluate("1 + 1") == 2


def test_an_endless_call_is_interrupted(armed: Attack) -> None:
    """It ends by KeyboardInterrupt, and the next call works."""
    probe = armed(call_seconds=0.5)
    with pytest.raises(CallTimeout):
        probe.call("endless")
    assert probe.evaluate("2 + 2") == 4


def test_a_stopped_kernel_is_killed(armed: Attack) -> None:
    """A process that neither runs nor hears is ended after the grace."""
    probe = armed(call_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(CallTimeout):
        probe.call("stop")
    assert time.monotonic() - began < 3


def test_asking_to_leave_does_not_end_the_kernel(armed: Attack) -> None:
    """`SystemExit` is an error of the call, and later calls are answered."""
    probe = armed()
    with pytest.raises(StudentRaised):
        probe.call("ask_to_leave")
    assert probe.evaluate("3") == 3


def test_a_kernel_that_ends_is_noticed(armed: Attack) -> None:
    """The guardian reports the exit status at once."""
    probe = armed()
    with pytest.raises(KernelDied):
        probe.call("leave", 7)
    assert probe.kernel.exit is not None
    assert (probe.kernel.exit.status, probe.kernel.exit.reported) == (7, True)


def test_old_references_make_room(armed: Attack) -> None:
    """What one question's calls left behind does not use up another question's references."""
    probe = armed()
    probe.run("import autograder.sandbox.runtime.calls\n")
    probe.run("autograder.sandbox.runtime.calls.MAX_REFERENCES = 10")
    for _ in range(5):
        assert len(probe.call("many_objects", 9)) == 9
