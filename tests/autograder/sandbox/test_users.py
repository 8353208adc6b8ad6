"""The sandbox as an ordinary user builds it, and what happens where it cannot be built."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder
from autograder.assignment import find_assignment, load_assignment
from autograder.assignment.build import build
from autograder.environments import load_environment
from autograder.errors import SandboxError
from autograder.sandbox import policy
from autograder.sandbox.fork_server import ForkServer

PROJECT = Path(autograder.__file__).parent.parent
COPIES = 3
START = "import sys; from autograder.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Return a folder that everybody may write to, with the solved notebook in it."""
    with tempfile.TemporaryDirectory(prefix="autograder-test-") as name:
        folder = Path(name)
        build(load_assignment(find_assignment("xor")), folder, solution=True)
        folder.chmod(0o777)
        (folder / "xor.ipynb").chmod(0o644)
        for number in range(1, COPIES):
            shutil.copy(folder / "xor.ipynb", folder / f"copy-{number}.ipynb")
        yield folder


def _run(home: Path, *options: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    kernel = load_environment("numpy")
    needed = [PROJECT, Path(sys.prefix), Path(sys.base_prefix), kernel.folder, home]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": str(PROJECT),
        "AUTOGRADER_KERNEL_VENV": str(kernel.folder),
    }
    helper = [
        sys.executable,
        "-m",
        "tests.autograder.sandbox.as_user",
        *options,
        *map(str, needed),
        "--",
    ]
    return subprocess.run(
        [*helper, *command],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _grade(home: Path, *options: str, copies: int = 1) -> subprocess.CompletedProcess[str]:
    report = home / "report.json"
    notebooks = [str(home / "xor.ipynb"), *map(str, sorted(home.glob("copy-*.ipynb")))][:copies]
    command = [sys.executable, "-c", START, "grade", str(PROJECT / "assignments" / "xor")]
    return _run(home, *options, command=[*command, *notebooks, "--json", str(report)])


def test_an_ordinary_user_grades(home: Path) -> None:
    """Without any right of root's, the solved notebook is graded in the same sandbox."""
    who = _run(home, command=["id", "-u"])
    assert who.stdout.strip() not in ("", "0")
    run = _grade(home)
    assert run.returncode == 0, run.stderr
    report = json.loads((home / "report.json").read_text())
    assert report["score"] == report["max_score"] - 2


@pytest.mark.parametrize("most", [0, 1])
def test_without_user_namespaces_grading_refuses(home: Path, most: int) -> None:
    """Exit code 3, the reason once, and how to allow it; no notebook is run without a sandbox."""
    run = _grade(home, f"--user-namespaces={most}", copies=COPIES)
    assert run.returncode == 3, run.stdout + run.stderr
    assert "namespace" in run.stderr
    assert run.stderr.count("internal error") == 1
    assert "max_user_namespaces" in run.stderr


def test_without_namespaces_for_kernels_grading_refuses(home: Path) -> None:
    """Where bubblewrap gets its two, and no kernel its own, that is told without our own code."""
    run = _grade(home, "--user-namespaces=2")
    assert run.returncode == 3, run.stdout + run.stderr
    assert "clone: No space left on device" in run.stderr
    assert "max_user_namespaces" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_root_drops_to_an_ordinary_user(fork_server: ForkServer) -> None:
    """Started as root, no process of the sandbox belongs to root."""
    assert fork_server.owner() == policy.ROOT_DROPS_TO_UID


def test_a_broken_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that cannot be imported stops the start, and its name is in the message."""
    folder = load_environment("numpy").folder
    (tmp_path / "broken.toml").write_text(f'folder = "{folder}"\npreload = ["no_such_module"]\n')
    monkeypatch.setenv("AUTOGRADER_ENVIRONMENTS", str(tmp_path))
    fork_server = ForkServer(load_environment("broken"))
    for _ in range(2):
        with pytest.raises(SandboxError, match="no_such_module"):
            fork_server.fork_kernel()
    assert not fork_server.alive()
