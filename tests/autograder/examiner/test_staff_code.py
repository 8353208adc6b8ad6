"""The sandbox of staff's tests: what succeeds outside fails for a hidden test."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from autograder.assignment import load_assignment
from autograder.errors import AssignmentError, SandboxError
from autograder.examiner import process
from autograder.examiner.process import Examiner
from autograder.grade import Grader
from autograder.sandbox import policy
from autograder.verdict import Verdict
from tests.autograder.examiner import attempts
from tests.autograder.grade.reports import TINY_SOLUTION, graded, question
from tests.autograder.sandbox.processes import descendants_of

HIDDEN = '''\
"""Tests that succeed if what they try fails."""

from pathlib import Path

import pytest

import attempts

FACTS = attempts.load(Path(__file__).with_name("facts.json"))


def collected_in_a_sandbox():
    """Tests are imported there, too, before any of them runs."""
    return not attempts.succeeds("read_the_secret", FACTS)


assert collected_in_a_sandbox()
'''
ONE_TEST = '''

@pytest.mark.question("q1")
def test_{name}(student):
    """What staff try fails."""
    assert not attempts.succeeds("{name}", FACTS)
'''
# Outside, these would fill the disk, or take all of the machine's processes; need root's rights; or
# a newer Linux than some have.
TRIED_INSIDE_ONLY = {
    "fill_the_scratch",
    "start_a_thousand_processes",
    "write_among_the_devices",
    "take_a_handle_on_the_other_end",
}


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[attempts.Facts]:
    """Return what there is to reach on this machine."""
    secret = tmp_path / "portal" / "secret"
    secret.parent.mkdir()
    secret.write_text("the portal's secret")
    monkeypatch.setenv("A_SECRET_OF_THE_OPERATOR", "the portal's secret")
    name = f"autograder-test-{os.getpid()}"
    waiting = [sys.executable, "-uc", "import time; print(); time.sleep(600)", str(secret)]
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{name}")
        abstract.listen()
        other = stack.enter_context(subprocess.Popen(waiting, stdout=subprocess.PIPE))
        stack.callback(other.kill)
        assert other.stdout is not None
        other.stdout.readline()
        port = server.getsockname()[1]
        yield attempts.Facts(str(secret), str(tmp_path / "tiny"), port, name, other.pid)


@pytest.fixture
def folder(make_assignment: Callable[..., Path], facts: attempts.Facts) -> Path:
    """Write an assignment whose hidden tests try all attempts."""
    hidden = HIDDEN + "".join(ONE_TEST.format(name=name) for name in attempts.ATTEMPTS)
    files = {
        "hidden/attempts.py": Path(attempts.__file__).read_text(),
        "hidden/facts.json": json.dumps(vars(facts)),
    }
    return make_assignment(hidden=hidden, files=files)


@pytest.mark.parametrize("name", sorted(attempts.ATTEMPTS.keys() - TRIED_INSIDE_ONLY))
@pytest.mark.usefixtures("folder")
def test_attempts_succeed_outside(name: str, facts: attempts.Facts) -> None:
    """So it is the sandbox that they fail in."""
    assert attempts.succeeds(name, facts)


def test_attempts_fail_inside(grader: Grader, folder: Path) -> None:
    """In the tests' own process, whoever started the grader."""
    report = graded(grader, load_assignment(folder), [TINY_SOLUTION])
    outcomes = {test.id: test for test in question(report, "q1").tests if not test.public}
    assert len(outcomes) == len(attempts.ATTEMPTS)
    assert {
        name: test.detail for name, test in outcomes.items() if test.verdict is not Verdict.PASSED
    } == {}


def test_tests_give_way_where_memory_runs_out(
    grader: Grader, make_assignment: Callable[..., Path]
) -> None:
    """What a student's values fill is ended by Linux before the grader, and after kernels."""
    hidden = (
        "from pathlib import Path\n"
        "import pytest\n"
        "@pytest.mark.question('q1')\n"
        "def test_gives_way(student):\n"
        '    """Looks at itself."""\n'
        "    assert Path('/proc/self/oom_score_adj').read_text() == '500\\n'\n"
    )
    report = graded(grader, load_assignment(make_assignment(hidden=hidden)), [TINY_SOLUTION])
    [outcome] = [test for test in question(report, "q1").tests if not test.public]
    assert outcome.verdict is Verdict.PASSED, outcome.detail


def test_each_examiner_has_a_user_of_its_own(folder: Path) -> None:
    """Started by root it is neither root's nor a kernel's; all of it ends with its owner."""
    users = policy.ROOT_EXAMINER_USERS
    before = descendants_of(os.getpid())
    owners = []
    with ExitStack() as stack:
        for _ in range(2):
            examiner = Examiner(load_assignment(folder))
            stack.callback(examiner.close)
            inside = descendants_of(os.getpid()) - before
            before |= inside
            (owner,) = {Path(f"/proc/{pid}").stat().st_uid for pid in inside}
            owners.append(owner)
    if os.geteuid() == 0:
        assert len(set(owners)) == 2
        assert set(owners) <= set(range(users.first, users.first + users.count))
    else:
        assert set(owners) == {os.geteuid()}
    kernels = policy.ROOT_KERNEL_USERS
    assert users.first + users.count <= policy.ROOT_DROPS_TO_UID < kernels.first
    assert not inside & descendants_of(os.getpid())


def test_a_handle_is_of_a_process_inside(folder: Path) -> None:
    """What tests hand over in place of their own process, of the grader's say, gets no signal."""
    examiner = Examiner(load_assignment(folder))
    inside = max(descendants_of(examiner._process.pid))
    ended = subprocess.Popen(["true"])
    handles = [os.pidfd_open(pid) for pid in (inside, os.getpid(), os.getppid(), ended.pid)]
    handles.append(os.open(os.devnull, os.O_RDONLY))
    ended.wait()
    try:
        of_inside, of_own, of_parent, of_ended, no_process = map(examiner._runs_inside, handles)
        assert of_inside
        assert of_ended
        assert not (of_own or of_parent or no_process)
    finally:
        for handle in handles:
            os.close(handle)
        examiner.close()


def test_an_examiner_that_stays_silent_is_ended(
    make_assignment: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test module that answers in the examiner's place, and then waits, holds nobody up."""
    monkeypatch.setattr(process, "SECONDS_TO_END", 0.5)
    hidden = (
        "import os, socket, sys, time\n"
        'socket.socket(fileno=os.dup(int(sys.argv[3]))).send(b\'{"kind": "done"}\')\n'
        "time.sleep(600)\n"
        "import pytest\n"
        "@pytest.mark.question('q1')\n"
        "def test_never(student): pass\n"
    )
    before = descendants_of(os.getpid())
    with pytest.raises(AssignmentError, match="cannot be collected"):
        Examiner(load_assignment(make_assignment(hidden=hidden)))
    assert not descendants_of(os.getpid()) - before


def test_private_files_of_an_assignment_are_read(folder: Path) -> None:
    """What only the operator may read is shown to the tests of that assignment."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    Examiner(load_assignment(folder)).close()


def test_an_assignment_may_be_named_from_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hidden tests are found, though the sandbox has another working folder."""
    monkeypatch.chdir(folder.parent)
    examiner = Examiner(load_assignment(Path(folder.name)))
    examiner.close()
    hidden = [test for test in examiner.tests if not test.public]
    assert len(hidden) == len(attempts.ATTEMPTS)


def test_without_bubblewrap_nothing_is_collected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator is told, and the tests never run without a sandbox."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        Examiner(load_assignment(folder))


def test_a_sandbox_that_does_not_stand_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a fault of the machine's and not of the assignment's."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/bin/false")
    with pytest.raises(SandboxError, match="sandbox of the tests could not be built"):
        Examiner(load_assignment(folder))
