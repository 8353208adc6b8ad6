"""Inputs that fuzzing has found, each with its target's property; `make fuzz` looks for more."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.fuzz import corpus, targets
from tests.fuzz.mutations import mutate

CRASHES = [(name, path) for name in targets.names() for path in corpus.files(corpus.crashes(name))]
HAS_FUZZER = importlib.util.find_spec("atheris") is not None


@pytest.mark.parametrize("name", targets.names())
def test_property_holds_for_stored_inputs(name: str) -> None:
    """What fuzzing begins with, and what it has kept, is as the target says, soon and in little."""
    target = targets.load(name)
    stored = [path.read_bytes() for path in corpus.files(corpus.stored(name))]

    for data in (*target.seeds(), *stored):
        targets.check_within_bounds(target, data)

    assert stored


@pytest.mark.parametrize(("name", "path"), CRASHES, ids=[path.name for _, path in CRASHES])
def test_property_holds_for_what_once_broke_it(name: str, path: Path) -> None:
    """No defect comes back."""
    targets.check_within_bounds(targets.load(name), path.read_bytes())


@pytest.mark.parametrize("name", targets.names())
def test_stored_inputs_are_few_and_small(name: str) -> None:
    """A checkout does not grow with each night of fuzzing."""
    sizes = [path.stat().st_size for path in corpus.files(corpus.stored(name))]

    assert len(sizes) <= corpus.MAX_FILES
    assert sum(sizes) <= corpus.MAX_BYTES


def test_what_adds_most_is_kept(tmp_path: Path) -> None:
    """One input for each feature, the smaller of two that reach the same."""
    inputs = {"a": (1, {1, 2, 3}), "b": (9, {1, 2, 3}), "c": (1, {3}), "d": (1, {3, 4})}
    for name, (size, _) in inputs.items():
        (tmp_path / name).write_bytes(bytes(size))

    kept = corpus.chosen({tmp_path / name: frozenset(found) for name, (_, found) in inputs.items()})

    assert [path.name for path in kept] == ["a", "d"]


def is_json(data: bytes) -> bool:
    """Return whether bytes can be read."""
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def test_changes_of_json_are_json_within_the_length() -> None:
    """Whatever is chosen, an input stays one, and is changed as a rule."""
    data = json.dumps({"a": [1, True, None, {"b": "ä", "c": 0.5}], "d": "\ud800"}).encode()
    chosen = random.Random(1)
    changed = [
        mutate(data, 200, seed, lambda part: part[: chosen.randrange(9)]) for seed in range(500)
    ]

    assert all(len(each) <= 200 for each in changed)
    assert len(set(filter(is_json, changed))) > 200


@pytest.mark.skipif(not HAS_FUZZER, reason="atheris has no wheel for this machine")
def test_broken_property_is_found_and_its_input_written_down(tmp_path: Path) -> None:
    """libFuzzer, in a process that ends by itself, comes upon what a target refuses."""
    program = """
        from types import SimpleNamespace
        from tests.fuzz import child, targets

        def check(data):
            assert len(data) < 3, "three bytes are too many"

        targets.load = lambda name: SimpleNamespace(check=check, IS_JSON=False)
        child.main()
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), "any", f"-artifact_prefix={tmp_path}/"],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )

    assert ended.returncode != 0
    assert b"three bytes are too many" in ended.stdout
    (found,) = tmp_path.glob("crash-*")
    assert len(found.read_bytes()) >= 3
