"""What the warm process imports, when, and what it lets wait."""

from __future__ import annotations

import importlib
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.runtime.fork_server import PAUSE_SECONDS, load_at_first_use, withdraw

MakeProbe = Callable[..., Probe]
NAME = "json.tool"
HANDBOOK = Path(__file__).parents[3] / "docs" / "operators.md"
MODULES = ["numpy.random", "matplotlib.pyplot", "pandas"]
IMPORTED = f"[name for name in {MODULES} if name in __import__('sys').modules]"


def imported(warm: ForkServer) -> list[str]:
    """Return what a new kernel has imported before its first line."""
    with Probe(warm.fork_kernel(), Limits()) as probe:
        names: list[str] = probe.evaluate(IMPORTED)
        return names


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


def test_kernels_have_what_notebooks_import() -> None:
    """Before the first fork, or when a notebook is expected that imports more; else in a pause."""
    warm = ForkServer(load_environment("numpy"), frozenset({"matplotlib", "os"}))
    try:
        assert imported(warm) == ["numpy.random", "matplotlib.pyplot"]
        warm.import_for(frozenset({"matplotlib", "pandas"}))
        assert imported(warm) == ["numpy.random", "matplotlib.pyplot", "pandas"]
    finally:
        warm.close()


def test_other_packages_come_in_a_pause() -> None:
    """The first kernels do not wait for them; who imports one himself gets it all the same."""
    warm = ForkServer(load_environment("numpy"))
    try:
        with Probe(warm.fork_kernel(), Limits()) as probe:
            assert probe.evaluate(IMPORTED) == ["numpy.random"]
            assert probe.evaluate("__import__('pandas').DataFrame({'a': [1, 2]}).size") == 2
        deadline = time.monotonic() + 30
        while imported(warm) != MODULES and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)  # as long as requests come it is no pause
        assert imported(warm) == MODULES
    finally:
        warm.close()


def test_what_is_not_installed_costs_nothing() -> None:
    """A module that cannot be imported ahead ends nothing, and the others are imported."""
    environment = replace(
        load_environment("numpy"), if_imported={"a": ("no_such_module",), "pandas": ("pandas",)}
    )
    warm = ForkServer(environment)
    try:
        warm.wait_until_warm()
        warm.import_for(frozenset({"a", "pandas"}))
        assert "pandas" in imported(warm)
        assert warm.alive()
    finally:
        warm.close()


def test_an_operators_own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file as the operators' handbook shows it: found by name, and its modules are imported."""
    text = re.findall("```toml\n(.*?)```", HANDBOOK.read_text(), re.DOTALL)[0]
    text = text.replace("/srv/environments/torch", str(load_environment("numpy").folder))
    (tmp_path / "mine.toml").write_text(text.replace('"torch"', '"scipy"'))
    monkeypatch.setenv("AUTOGRADER_ENVIRONMENTS", str(tmp_path))
    warm = ForkServer(load_environment("mine"), frozenset({"matplotlib"}))
    try:
        with Probe(warm.fork_kernel(), Limits()) as probe:
            names = ["scipy", "otter", "matplotlib.pyplot", "nbconvert", "pandas"]
            seen = f"[name for name in {names} if name in __import__('sys').modules]"
            assert probe.evaluate(seen) == ["scipy", "otter", "matplotlib.pyplot"]
    finally:
        warm.close()


def test_otter_exports(make_probe: MakeProbe) -> None:
    """What waits in otter works when a notebook calls it; its zip takes no file of before 1980."""
    notebook = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    probe = make_probe({"given.ipynb": notebook})
    probe.run("import otter, zipfile, glob")
    assert probe.evaluate("callable(otter.export.export_notebook)")
    probe.run("otter.Notebook('given.ipynb').export(pdf=False, force_save=False)")
    names = "zipfile.ZipFile(glob.glob('*.zip')[0]).namelist()"
    assert "given.ipynb" in probe.evaluate(names)
    assert probe.evaluate("otter.export.ExporterType is not None")
    assert probe.evaluate("hasattr(otter.export, '__file__')"), "it was used, so it is loaded"


def test_widgets_are_as_imported(make_probe: MakeProbe) -> None:
    """What otter lets wait is whole for a notebook that imports it."""
    probe = make_probe()
    assert not probe.evaluate("'ipywidgets' in __import__('sys').modules")
    probe.run("import ipywidgets.widgets as widgets; from ipywidgets import HTML, interact")
    assert probe.evaluate("isinstance(HTML('a'), widgets.HTML)")
    probe.run("from otter.check.utils import Button; button = Button(description='b')")
    assert probe.evaluate("isinstance(button, widgets.Button)")
