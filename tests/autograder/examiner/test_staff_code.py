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
from autograder.errors import SandboxError
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
# Outside, these would fill the disk, or take all of the machine's processes.
TRIED_INSIDE_ONLY = {"fill_the_scratch", "start_a_thousand_processes"}


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


def test_an_examiner_has_a_user_of_its_own(folder: Path) -> None:
    """Started by root it is neither root's nor a kernel's; all of it ends with its owner."""
    before = descendants_of(os.getpid())
    examiner = Examiner(load_assignment(folder))
    inside = descendants_of(os.getpid()) - before
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in inside}
    examiner.close()
    assert owners == {policy.ROOT_EXAMINES_AS_UID if os.geteuid() == 0 else os.geteuid()}
    kernels = policy.ROOT_KERNEL_USERS
    assert policy.ROOT_EXAMINES_AS_UID not in range(
        kernels.first - 1, kernels.first + kernels.count
    )
    assert not inside & descendants_of(os.getpid())


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
