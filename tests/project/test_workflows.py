"""Workflows and hooks, which only their hosts run, call what the Makefile has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
TARGETS: Final = set(re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))
CALLERS: Final = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    ROOT / ".gitlab-ci.yml",
    ROOT / ".pre-commit-config.yaml",
]


def texts(value: Any) -> Iterator[str]:
    """Yield all texts of a YAML document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


@pytest.mark.parametrize("path", CALLERS, ids=lambda path: path.name)
def test_targets_exist(path: Path) -> None:
    """Each file parses, and the Makefile has every target that it calls."""
    commands = "\n".join(texts(yaml.safe_load(path.read_text())))
    called = set(re.findall(r"^make (?:--silent )?(\S+)", commands, re.MULTILINE))

    assert called
    assert called <= TARGETS


def test_hooks_are_the_steps_of_the_check() -> None:
    """Hooks run each step of `make check`, and nothing that would have to be fetched."""
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = repository["hooks"]
    makefile = (ROOT / "Makefile").read_text()
    [steps] = re.findall(r"^check: ([^#\n]*)", makefile, re.MULTILINE)

    assert repository["repo"] == "local"
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["entry"] for hook in hooks] == [f"make --silent {step}" for step in steps.split()]
