"""Hidden inputs cannot be chosen by the student, and can be had again by staff."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.errors import InputError
from autograder.grade import Grader
from autograder.grade.seeds import hidden_seed, owners_key
from tests.autograder.conftest import as_bytes

POOL = 1000


def test_everything_counts() -> None:
    """Another student, attempt, file or key is another choice; the same gives the same."""
    one = hidden_seed(b"k" * 32, 10**9, "1", "1", "f")
    others = [
        hidden_seed(b"l" * 32, 10**9, "1", "1", "f"),
        hidden_seed(b"k" * 32, 10**9, "2", "1", "f"),
        hidden_seed(b"k" * 32, 10**9, "1", "2", "f"),
        hidden_seed(b"k" * 32, 10**9, "1", "1", "g"),
        hidden_seed(b"k" * 32, 10**9, "11", "", "f"),
    ]

    assert hidden_seed(b"k" * 32, 10**9, "1", "1", "f") == one
    assert len({one, *others}) == 6


def test_the_whole_pool_is_used() -> None:
    """Each seed of the pool comes about as often as any other."""
    drawn = Counter(hidden_seed(b"k" * 32, POOL, str(number)) for number in range(30 * POOL))

    assert set(drawn) == set(range(POOL))
    assert max(drawn.values()) < 90


def test_no_attempt_gets_the_inputs_of_another() -> None:
    """While the pool lasts; each seed that is left comes as often as any other."""
    used: set[int] = set()
    for attempt in range(POOL):
        seed = hidden_seed(b"k" * 32, POOL, "1", str(attempt), used=used)
        assert seed not in used
        used.add(seed)
    assert used == set(range(POOL))
    assert 0 <= hidden_seed(b"k" * 32, POOL, "1", "next", used=used) < POOL

    half = range(0, POOL, 2)
    drawn = Counter(hidden_seed(b"k" * 32, POOL, str(n), used=half) for n in range(30 * POOL))
    assert set(drawn) == set(range(1, POOL, 2))
    assert max(drawn.values()) < 120


def test_seeds_of_another_pool_take_no_place() -> None:
    """An assignment whose pool has become smaller has all of it."""
    assert hidden_seed(b"k" * 32, 5, "1", used=(7, -1, 10**9)) == hidden_seed(b"k" * 32, 5, "1")


def test_spaces_do_not_choose(make_assignment: Callable[..., Path], tiny: Assignment) -> None:
    """Two graders give the same file other inputs: who adds spaces to it learns nothing of them."""
    data = as_bytes([("code", "double = 1")])

    seeds = set()
    for _ in range(2):
        with Grader(spares=0) as grader:
            seeds.add(grader.grade(data, tiny).seed)
            assert grader.grade(data, tiny, seed=7).seed == 7

    assert len(seeds) == 2
    assert seeds < set(range(tiny.hidden_seeds))


def test_the_owners_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line's key is made once, for its owner's eyes only."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key = owners_key()
    file = tmp_path / "autograder" / "seed-key"

    assert len(key) == 32
    assert owners_key() == key == file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b"short")
    with pytest.raises(InputError, match="is no key"):
        owners_key()
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nowhere")
    with pytest.raises(InputError, match="cannot be made"):
        owners_key()
