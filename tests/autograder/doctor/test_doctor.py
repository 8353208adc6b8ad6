"""``autograder doctor`` tells a whole sandbox from a broken one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from autograder.doctor import command, layers, libraries, staff_code
from autograder.doctor.advice import namespace_advice
from autograder.doctor.result import LayerResult
from autograder.errors import KernelDied
from autograder.sandbox import bubblewrap, policy, seccomp
from autograder.sandbox import staff_code as sandbox_of_tests


@pytest.fixture
def numpy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave TensorFlow out: its import takes longer than all the rest."""
    monkeypatch.setattr(libraries, "SHIPPED_ENVIRONMENTS", ("numpy",))


def _run() -> tuple[int, str]:
    text = io.StringIO()
    return command.run_doctor(Console(file=text, width=80)), text.getvalue()


def test_a_whole_sandbox_is_safe(numpy_only: None) -> None:
    """Every layer holds on the machine of the tests, and no line is wider than a terminal."""
    code, text = _run()
    assert "✘" not in text
    assert code == 0
    assert all(len(line) <= 80 for line in text.splitlines())
    for layer in ("no network", "system calls", "memory, together", "time, killed", "numpy"):
        assert f"✔ {layer}" in text


def test_own_environments(
    numpy_only: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An operator's own environment is tried, too; a folder that is missing is named."""
    (tmp_path / "mine.toml").write_text('folder = "/nowhere"\npreload = []\n')
    monkeypatch.setenv("AUTOGRADER_ENVIRONMENTS", str(tmp_path))
    monkeypatch.setattr(layers, "_CHECKS", {})
    code, text = _run()
    assert code == 1
    assert "✔ numpy" in text
    assert "✘ mine" in text
    assert "/nowhere is missing" in " ".join(text.split())
    assert "make setup" not in text


def test_a_missing_layer_is_named(numpy_only: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With holes in the filter its layers fail, others hold, and the code is 1."""
    tried = {layer: layers._CHECKS[layer] for layer in ("system calls", "no network", "processes")}
    monkeypatch.setattr(layers, "_CHECKS", tried)
    monkeypatch.setattr(policy, "DENIED_SYSTEM_CALLS", ("acct",))
    monkeypatch.setattr(policy, "ALLOWED_SOCKET_FAMILIES", (1, 2, 16))
    seccomp.compiled_filter.cache_clear()
    try:
        code, text = _run()
    finally:
        monkeypatch.undo()
        seccomp.compiled_filter.cache_clear()
    assert code == 1
    assert "✘ system calls" in text
    assert "✘ no network" in text
    assert "✔ processes" in text
    assert "Not safe to grade with: system calls, no network." in text


def test_a_layer_that_cannot_be_tried_is_told_apart(
    numpy_only: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried twice; then the code is 1, and nothing is called unsafe that was not seen."""
    tries = []

    def ends(_: layers.WarmSandbox) -> LayerResult:
        tries.append(1)
        raise KernelDied("the kernel had ended before")

    monkeypatch.setattr(layers, "_CHECKS", {"time, interrupted": ends})
    code, text = _run()
    assert (code, len(tries)) == (1, 2)
    assert "Could not be tried: time, interrupted." in text
    assert "Not safe" not in text


def test_what_is_still_open_is_said_at_the_end(
    numpy_only: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A layer that is a bonus, with what to do for it."""
    opened = LayerResult("", None, "none", "set THIS")
    monkeypatch.setattr(layers, "_CHECKS", {"bonus": lambda _: opened})
    code, text = _run()
    assert code == 0
    assert "Still open, bonus: set THIS." in text.partition("as it is meant to be")[2]


def test_a_sandbox_that_cannot_be_built_is_explained(
    numpy_only: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without bubblewrap nothing is tried, and the operator reads what to install."""
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda *_, **__: None)
    code, text = _run()
    assert code == 1
    assert "apt install bubblewrap" in text


def test_holes_in_the_sandbox_of_tests_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that shows more, or shares the network, is told from a whole one."""
    whole = {result.layer: result.holds for result in staff_code.try_staff_code()}
    assert set(whole.values()) == {True}
    plan = sandbox_of_tests.plan

    def open_plan(command: Any, shown: Any, folder: Path, filter_file: Any) -> dict[str, Any]:
        (assignment,) = shown
        above = {assignment.parent: assignment.parent}
        planned = plan(command, above | shown, folder, filter_file)
        return planned | {"before": [*planned["before"], "--share-net"]}

    monkeypatch.setattr(sandbox_of_tests, "plan", open_plan)
    holes = {result.layer for result in staff_code.try_staff_code() if not result.holds}
    assert holes == {"files", "no network"}


@pytest.mark.parametrize(
    ("setting", "value", "advice"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "/etc/apparmor.d/bwrap"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces="),
    ],
)
def test_advice_fits_the_machine(tmp_path: Path, setting: str, value: str, advice: str) -> None:
    """What forbids user namespaces is found, and how to allow them is said."""
    path = tmp_path / setting
    path.parent.mkdir(parents=True)
    path.write_text(f"{value}\n")
    assert advice in namespace_advice(tmp_path)
