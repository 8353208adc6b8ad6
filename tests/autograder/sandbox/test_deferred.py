"""Modules wait for their first use, and are then as if they had been imported."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

from autograder.sandbox.runtime.deferred import load_at_first_use, withdraw

NAME = "json.tool"


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Let a module of the standard library wait."""
    module = importlib.import_module(NAME)
    monkeypatch.setitem(sys.modules, NAME, module)
    monkeypatch.setattr("json.tool", module)
    return load_at_first_use(NAME)


def is_loaded() -> bool:
    """Return whether somebody has used it."""
    return "main" in vars(sys.modules.get(NAME, object))


def test_who_walks_through_all_modules_wakes_none(waiting: ModuleType) -> None:
    """A look at a waiting module's file, as `inspect` takes it, does not load it."""
    assert not hasattr(waiting, "__file__")
    assert sys.modules[NAME] is waiting


def test_the_first_use_loads(waiting: ModuleType) -> None:
    """Who asks for a name gets it, and the module is there from then on."""
    from json.tool import main

    assert callable(main)
    assert is_loaded()
    assert waiting.main is main


def test_later_imports_find_the_module_itself(waiting: ModuleType) -> None:
    """Once all is imported, only who imported it before still waits; it is loaded once."""
    withdraw(waiting)
    assert NAME not in sys.modules
    module = importlib.import_module(NAME)
    assert is_loaded()
    assert waiting.main is module.main
    assert sys.modules[NAME] is module


def test_a_withdrawn_module_is_an_attribute_of_its_package(
    waiting: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has only the package finds the module, and its names load it."""
    monkeypatch.delattr("json.tool")
    withdraw(waiting)
    assert sys.modules["json"].tool is waiting
    assert callable(sys.modules["json"].tool.main)
    assert is_loaded()


def test_functions_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who imports functions by name does not load their module; who calls one does."""
    monkeypatch.setitem(sys.modules, "shlex", sys.modules["shlex"])
    load_at_first_use("shlex", "quote", "split")
    from shlex import quote, split

    assert "join" not in vars(sys.modules["shlex"])
    assert quote("a b") == "'a b'"
    assert split("a b") == ["a", "b"]
    assert "join" in vars(sys.modules["shlex"])
