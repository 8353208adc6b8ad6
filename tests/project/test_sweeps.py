"""Sweeps are sampled by a seed, and only sweeps are."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests import sweeps

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest
from tests.sweeps import chosen

@pytest.fixture(scope="module")
def together(request):
    return chosen(request, "number")

@pytest.mark.sweep(3)
@pytest.mark.parametrize("number", range(20))
def test_swept(number, together):
    assert number in together
    assert len(together) == 3

def test_alone():
    pass
"""


class Item:
    """A test as pytest has collected it."""

    def __init__(self, nodeid: str, kept: int | None = None) -> None:
        self.nodeid = nodeid
        self._marker = None if kept is None else SimpleNamespace(args=(kept,))

    def get_closest_marker(self, name: str) -> SimpleNamespace | None:
        return self._marker if name == "sweep" else None


ALONE = Item("a.py::test_alone")
SWEEP = [Item(f"a.py::test_swept[{number}]", 3) for number in range(20)]
OTHERS = [Item(f"b.py::test_other[{number}]") for number in range(5)]


def config(**options: Any) -> Any:
    """Return what sweeps read of pytest's configuration, with a seed that is settled."""
    made: Any = SimpleNamespace(
        option=SimpleNamespace(**{"full": False, "sweep_seed": None} | options)
    )
    sweeps.choose_seed(made)
    return made


def kept(items: list[Item], **options: Any) -> list[str]:
    """Return the tests that are run, and check that none gets lost."""
    run, left_out = sweeps.split(items, config(**options))  # type: ignore[arg-type]
    assert set(run) | set(left_out) == set(items)
    assert len(run) + len(left_out) == len(items)
    return [item.nodeid for item in run]


def test_a_seed_decides() -> None:
    """One seed keeps the same cases, in their order, and all that is no sweep; another, others."""
    items = [*SWEEP, ALONE, *OTHERS]
    first = kept(items, sweep_seed="one")

    assert len(first) == 3 + 1 + 5
    assert first == kept(items, sweep_seed="one")
    assert first != kept(items, sweep_seed="another")
    assert first == [item.nodeid for item in items if item.nodeid in first]


def test_the_date_decides_by_default() -> None:
    """All runs of a day are alike, and say how to repeat them."""
    before = datetime.now(UTC).date().isoformat()
    made = config()
    after = datetime.now(UTC).date().isoformat()

    assert before <= made.option.sweep_seed <= after
    assert f"--sweep-seed={made.option.sweep_seed}" in sweeps.describe(made)


def test_every_case_has_its_day() -> None:
    """Over many days no case is left out for ever."""
    seen = {name for day in range(60) for name in kept(SWEEP, sweep_seed=f"day {day}")}

    assert len(seen) == len(SWEEP)


def test_all_cases_if_asked() -> None:
    """`--full` leaves nothing out, and says so."""
    assert len(kept([*SWEEP, ALONE], full=True)) == 21
    assert sweeps.describe(config(full=True)) == "sweeps: all cases"


def test_a_case_that_is_named_is_run() -> None:
    """What somebody asks for by its name is left out by no sample."""
    assert [kept([item], sweep_seed="one") for item in SWEEP] == [[each.nodeid] for each in SWEEP]


def test_workers_keep_what_their_controller_chose(tmp_path: Path) -> None:
    """Two workers run one sample between them, whose fixture knows which cases it holds."""
    path = tmp_path / "test_it.py"
    path.write_text(TESTS)
    # No configuration file: the project's own options would come with it.
    options = ["-c", "/dev/null", "-p", "tests.conftest", "-W", "ignore", "-v", "-n2"]
    command = [sys.executable, "-m", "pytest", *options, "--dist=loadfile", str(path)]

    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
    run = re.findall(r"PASSED \S+::(test_\w+)", result.stdout)
    assert sorted(run) == ["test_alone", *["test_swept"] * 3]
