"""Modules that the warm process leaves for its first pause."""

from __future__ import annotations

import importlib
import sys

import pytest

from autograder.sandbox.runtime.warm import load_at_first_use, load_now

NAME = "json.tool"


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module of the standard library wait."""
    importlib.import_module(NAME)
    monkeypatch.setitem(sys.modules, NAME, sys.modules[NAME])
    load_at_first_use(NAME)


def is_waiting() -> bool:
    """Tell whether nobody has used it yet."""
    return "main" not in vars(sys.modules[NAME])


@pytest.mark.usefixtures("waiting")
def test_who_walks_through_all_modules_wakes_none() -> None:
    """A look at a waiting module's file, as `inspect` takes it, does not load it."""
    assert is_waiting()
    assert not hasattr(sys.modules[NAME], "__file__")
    assert is_waiting()


@pytest.mark.usefixtures("waiting")
def test_the_first_use_loads() -> None:
    """Who asks for a name gets it, and the module from then on."""
    from json.tool import main

    assert callable(main)
    assert not is_waiting()


@pytest.mark.usefixtures("waiting")
def test_the_pause_loads() -> None:
    """What still waits in the first pause is imported then, and only once."""
    module = load_now(NAME)
    assert module is sys.modules[NAME] is load_now(NAME)
    assert not is_waiting()
