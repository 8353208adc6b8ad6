"""
Modules that are loaded at their first use.

A package imports parts that most notebooks never use; for otter they take half of its import. The
environment's file names them, under `at_first_use`.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from typing import Any


def load_at_first_use(name: str, *functions: str) -> types.ModuleType:
    """
    Let a module wait where its package imports it, and so most of what otter imports in the end.

    Args:
        name: The module.
        functions: Functions or classes of it that others import by name; they wait, too.

    `importlib.util.LazyLoader` would not do: whatever walks through all modules, as `inspect` does
    for a traceback, wakes what it has put to sleep.
    """
    waiting = types.ModuleType(name)

    def load(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        withdraw(waiting)
        return getattr(importlib.import_module(name), attribute)

    def caller(function: str) -> Callable[..., object]:
        def call(*args: Any, **kwargs: Any) -> object:
            return load(function)(*args, **kwargs)

        return call

    waiting.__getattr__ = load  # type: ignore[method-assign]  # PEP 562
    for function in functions:
        setattr(waiting, function, caller(function))
    sys.modules[name] = waiting
    return waiting


def withdraw(waiting: types.ModuleType) -> None:
    """Let later imports find the module itself; earlier ones keep what waits for its first use."""
    name = waiting.__name__
    if sys.modules.get(name) is not waiting:
        return
    del sys.modules[name]
    package, _, own = name.rpartition(".")
    if package in sys.modules and not hasattr(sys.modules[package], own):
        # As importing it would.
        setattr(sys.modules[package], own, waiting)
