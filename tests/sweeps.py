"""
Sweeps are sampled: of many cases of one kind, a run tries a few, and the next day others.

`@pytest.mark.sweep(n)` on a parametrised test keeps n of its cases. Which, the sweep's seed
decides: today's date, so that every run of a day is alike, or what `--sweep-seed` says. `--full`
keeps all.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

_NO_CASE = SimpleNamespace(params={})


def add_options(parser: pytest.Parser) -> None:
    """Add the options of pytest's command line."""
    group = parser.getgroup("sweeps")
    group.addoption("--full", action="store_true", help="keep all cases of every sweep")
    group.addoption(
        "--sweep-seed",
        metavar="SEED",
        help="choose the cases of sweeps by this text; by default today's date in UTC",
    )


def choose_seed(config: pytest.Config) -> None:
    """Settle the seed, before xdist hands the options to its workers: midnight may pass."""
    config.option.sweep_seed = config.option.sweep_seed or datetime.now(UTC).date().isoformat()


def describe(config: pytest.Config) -> str:
    """Return the line about sweeps at the start of a run."""
    if config.option.full:
        return "sweeps: all cases"
    return f"sweeps: sampled, repeat with --sweep-seed={config.option.sweep_seed}"


def split(
    items: list[pytest.Item], config: pytest.Config
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests to run, in their order, and those that the sample leaves out."""
    cases: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sweep"):
            cases[_name(item)].append(item)
    left_out: set[pytest.Item] = set()
    if not config.option.full:
        for name, sweep in cases.items():
            left_out.update(_unlucky(sweep, f"{config.option.sweep_seed} {name}"))
    return [each for each in items if each not in left_out], [
        each for each in items if each in left_out
    ]


def chosen(request: pytest.FixtureRequest, parameter: str) -> list[Any]:
    """
    Return the values that a parameter has in this run's tests of a module.

    For a fixture of the module that does the work of a whole sweep at once.
    """
    return [
        item.callspec.params[parameter]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.module is request.module
        and parameter in getattr(item, "callspec", _NO_CASE).params
    ]


def _unlucky(sweep: list[pytest.Item], seed: str) -> list[pytest.Item]:
    marker = sweep[0].get_closest_marker("sweep")
    assert marker is not None
    (kept,) = marker.args
    return random.Random(seed).sample(sweep, max(0, len(sweep) - kept))


def _name(item: pytest.Item) -> str:
    """Return the test's id without its case."""
    return item.nodeid.partition("[")[0]
