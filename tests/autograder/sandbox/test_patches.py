"""The patches of other programs are those that were seen to be needed in the locked versions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder
from autograder.environments import SHIPPED

PATCHES = Path(autograder.__file__).parent / "sandbox" / "runtime" / "patches.py"
LOCK = SHIPPED / "kernel.txt"
ADVICE = """
{place}: `{name}` was seen to be needed in {package} {seen}, and the lock has {locked}.
Read what it says and look into the new {package}: is it still needed, and does what it relies on
still hold? `tests/autograder/kernels/test_kernel.py` tries most of it. Then name the new version.
"""


def _patches(source: str) -> Iterator[ast.FunctionDef]:
    """Find the functions and methods that change something."""
    module = ast.parse(source)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    for body in (module.body, *(each.body for each in classes)):
        yield from (node for node in body if isinstance(node, ast.FunctionDef))


def _seen(patch: ast.FunctionDef) -> dict[str, str]:
    """Return the versions that a patch names, by package."""
    text = ast.get_docstring(patch) or ""
    line = re.search(r"^Seen in (.*)\.\Z", text, re.MULTILINE)
    return dict(re.findall(r"(\S+) (\d[\w.]*)", line[1])) if line else {}


def _locked(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+)==([^\s;]+)", lock, re.MULTILINE))


def _outdated(source: str, lock: str) -> list[str]:
    """Return what to look at, for each patch and package of another version."""
    locked = _locked(lock)
    return [
        ADVICE.format(
            place=f"{PATCHES.name}:{patch.lineno}",
            name=patch.name,
            package=package,
            seen=seen,
            locked=locked.get(package, "none"),
        )
        for patch in _patches(source)
        for package, seen in _seen(patch).items()
        if locked.get(package) != seen
    ]


def test_each_patch_names_its_versions() -> None:
    """A patch without a version could not be found when it is no longer needed."""
    patches = list(_patches(PATCHES.read_text()))
    assert len(patches) >= 10
    assert [patch.name for patch in patches if not _seen(patch)] == []


def test_the_locked_versions_are_those_that_were_seen() -> None:
    """A new version in the lock file is looked at before the patches go on."""
    outdated = _outdated(PATCHES.read_text(), LOCK.read_text())
    if outdated:
        pytest.fail("".join(outdated))


def test_a_new_version_is_told_with_the_patches_to_look_at() -> None:
    """Who renews the lock file reads which functions concern the package, and what to do."""
    lock = re.sub(
        r"^otter-grader==\S+", "otter-grader==8.0.0", LOCK.read_text(), flags=re.MULTILINE
    )
    (advice,) = _outdated(PATCHES.read_text(), lock)
    assert re.search(r"patches.py:\d+: `leave_out_check_log` was seen to be needed in", advice)
    assert "the lock has 8.0.0" in advice
