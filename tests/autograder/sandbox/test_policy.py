"""The policy, as the data that bubblewrap and the guardian are given."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import os
import py_compile
import struct
import sys
from pathlib import Path

import pytest

import autograder
from autograder import wire
from autograder.environments import _facts, _facts_of, load_environment
from autograder.errors import SandboxError
from autograder.limits import Limits
from autograder.sandbox import bubblewrap, policy
from autograder.sandbox.bubblewrap import _RUNTIME_FILES, explain

PROJECT = Path(autograder.__file__).parent.parent


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return what the launcher is told, with a secret in the grader's environment."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.delenv("AUTOGRADER_DEBUG", raising=False)
    (tmp_path / "s").mkdir()
    return bubblewrap.plan(load_environment("numpy"), tmp_path, 7)


def test_every_mount_is_read_only_but_the_sockets(plan: dict[str, list[str]]) -> None:
    """Nothing of the host's is bound writable, save the folder that sockets are made in."""
    options = [*plan["before"], *plan["after"]]
    binds = [options[i + 1 : i + 3] for i, word in enumerate(options) if word == "--bind"]
    assert [target for _, target in binds] == ["/run/sockets"]
    assert not {"--dev-bind", "--bind-try", "--dev-bind-try", "--overlay"} & set(options)
    assert "--remount-ro" in options


def test_no_mount_shows_the_project(plan: dict[str, list[list[str]]]) -> None:
    """No folder that holds assignments, the reference or the grader's code is bound."""
    for source, _ in plan["binds"]:
        assert not PROJECT.is_relative_to(Path(source).resolve())
        for secret in ("assignments", "reference", "autograder", "tests"):
            assert not Path(source).resolve().is_relative_to(PROJECT / secret)


def test_mounts_stand_where_the_tables_say(plan: dict[str, list[list[str]]]) -> None:
    """Every mount is in a table, or is the interpreter, the environment or the runtime."""
    tables = {*policy.SYSTEM_FOLDERS, *policy.SYSTEM_FILES, *policy.MERGED_FOLDERS}
    tables |= {policy.VENV, policy.RUNTIME, "/etc/passwd", "/etc/group"}
    for source, target in plan["binds"]:
        assert target in tables or "python" in Path(source).name


def test_nothing_of_the_graders_environment_goes_in(plan: dict[str, list[str]]) -> None:
    """The environment is cleared and set from the table."""
    before = plan["before"]
    assert "--clearenv" in before
    names = {before[i + 1] for i, word in enumerate(before) if word == "--setenv"}
    assert names == set(policy.ENVIRONMENT)
    assert "secret" not in str(plan)


def test_every_namespace_is_new(plan: dict[str, list[str]]) -> None:
    """No namespace is shared with the host, and the sandbox ends with its grader."""
    assert {"--unshare-all", "--die-with-parent", "--new-session"} <= set(plan["before"])
    assert "--share-net" not in plan["before"]


def test_the_runtime_holds_nothing_of_the_grader() -> None:
    """What is copied in imports nothing of the project but itself and the wire."""
    for name in _RUNTIME_FILES:
        tree = ast.parse((Path(autograder.__file__).parent / name).read_text())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for imported in names:
                if imported.partition(".")[0] in ("autograder", "reference", "web"):
                    assert imported.startswith(("autograder.wire", "autograder.sandbox.runtime"))


@pytest.mark.parametrize(
    "call",
    """
    add_key bpf cachestat chroot fadvise64 io_uring_setup keyctl memfd_create memfd_secret mincore
    mount move_mount mq_open msgget open_by_handle_at perf_event_open pidfd_getfd pivot_root
    preadv2 process_vm_readv process_vm_writev ptrace pwritev2 readahead request_key semget setns
    shmget umount2 unshare userfaultfd vmsplice
    """.split(),  # noqa: SIM905
)
def test_what_has_been_a_way_through_is_denied(call: str) -> None:
    """These calls must stay in the table; `test_inside` tries each entry of it."""
    assert call in policy.DENIED_SYSTEM_CALLS


def test_longer_time_leaves_sizes_alone() -> None:
    """A time multiplier stretches every limit in seconds but the grace, and nothing else."""
    plain, longer = Limits(), Limits().stretched(1.5)
    for field in dataclasses.fields(Limits):
        stretched = field.name.endswith("_seconds") and field.name != "grace_seconds"
        factor = 1.5 if stretched else 1
        assert getattr(longer, field.name) == getattr(plain, field.name) * factor


def test_another_interpreter_describes_itself() -> None:
    """An environment may have a Python of its own, which tells of itself what ours knows of us."""
    assert _facts_of(Path(sys.executable)) == _facts()


def test_a_missing_bubblewrap_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap grading refuses, and says what to install."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        bubblewrap.plan(load_environment("numpy"), tmp_path, 7)


@pytest.mark.parametrize(
    "complaint",
    [
        "bwrap: setting up uid map: Permission denied",
        "bwrap: No permissions to create a new namespace",
        "bwrap: Creating new namespace failed: nesting depth exceeded",
    ],
)
def test_refused_namespaces_are_explained(complaint: str) -> None:
    """The operator reads how Debian and Ubuntu allow namespaces."""
    explained = explain(complaint)
    assert complaint in explained
    assert "max_user_namespaces" in explained
    assert "AppArmor" in explained


def test_root_never_runs_the_sandbox() -> None:
    """Started as root, the sandbox gets a user that nothing else runs as."""
    assert policy.ROOT_DROPS_TO_UID not in (0, 65534, os.getuid() or None)


def test_modules_that_cannot_be_imported_are_told_in_a_line() -> None:
    """An operator whose list names a module that is not there reads its name, not our code."""
    text = (
        "Traceback (most recent call last):\n  File \"a\"\nModuleNotFoundError: No module named 'a'"
    )
    assert explain(text) == "ModuleNotFoundError: No module named 'a'"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('floder = "/srv"\npreload = []', "unknown key 'floder'"),
        ('folder = "/srv"', "preload is missing"),
        ("preload = [", "is not valid TOML"),
    ],
)
def test_broken_environments_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str
) -> None:
    """A mistake in an operator's own environment is told with its file."""
    (tmp_path / "mine.toml").write_text(text)
    monkeypatch.setenv("AUTOGRADER_ENVIRONMENTS", str(tmp_path))
    with pytest.raises(SandboxError, match=rf"mine\.toml: {problem}"):
        load_environment("mine")


def test_the_runtime_comes_compiled(tmp_path: Path) -> None:
    """Compiled files go along, and their copies are of the copies of their sources."""
    source = Path(wire.format.__file__)
    py_compile.compile(str(source))
    bubblewrap.copy_runtime(tmp_path)
    copy = tmp_path / "autograder" / "wire" / "format.py"
    compiled = Path(importlib.util.cache_from_source(str(copy))).read_bytes()
    # PEP 552: no flags, then time and size of the source.
    stat = copy.stat()
    assert struct.unpack("<3I", compiled[4:16]) == (0, int(stat.st_mtime), stat.st_size)
