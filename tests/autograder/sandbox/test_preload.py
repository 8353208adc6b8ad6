"""What the fork server imports, and when."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.runtime.fork_server import PAUSE_SECONDS

MakeProbe = Callable[..., Probe]
HANDBOOK = Path(__file__).parents[3] / "docs" / "operators.md"
MODULES = ["numpy.random", "matplotlib.pyplot", "pandas"]


def imported(fork_server: ForkServer, names: list[str] = MODULES) -> list[str]:
    """Return which of some modules a new kernel has imported before its first line."""
    with Probe(fork_server.fork_kernel(), Limits()) as probe:
        return _imported_in(probe, names)


def _imported_in(probe: Probe, names: list[str]) -> list[str]:
    found: list[str] = probe.evaluate(f"[n for n in {names} if n in __import__('sys').modules]")
    return found


def test_kernels_have_what_notebooks_import() -> None:
    """Before the first fork, or when a notebook is expected that imports more; else in a pause."""
    with ForkServer(load_environment("numpy"), frozenset({"matplotlib", "os"})) as fork_server:
        assert imported(fork_server) == ["numpy.random", "matplotlib.pyplot"]
        fork_server.import_for(frozenset({"matplotlib", "pandas"}))
        assert imported(fork_server) == ["numpy.random", "matplotlib.pyplot", "pandas"]


def test_other_packages_come_in_a_pause() -> None:
    """The first kernels do not wait for them; who imports one himself gets it all the same."""
    with ForkServer(load_environment("numpy")) as fork_server:
        with Probe(fork_server.fork_kernel(), Limits()) as probe:
            assert _imported_in(probe, MODULES) == ["numpy.random"]
            assert probe.evaluate("__import__('pandas').DataFrame({'a': [1, 2]}).size") == 2
        deadline = time.monotonic() + 30
        while imported(fork_server) != MODULES and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)  # as long as requests come it is no pause
        assert imported(fork_server) == MODULES


def test_what_is_not_installed_costs_nothing() -> None:
    """A module that cannot be imported ahead ends nothing, and the others are imported."""
    environment = replace(
        load_environment("numpy"), if_imported={"a": ("no_such_module",), "pandas": ("pandas",)}
    )
    with ForkServer(environment) as fork_server:
        fork_server.wait_until_warm()
        fork_server.import_for(frozenset({"a", "pandas"}))
        assert "pandas" in imported(fork_server)
        assert fork_server.alive()


def test_an_operators_own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file as the operators' handbook shows it: found by name, and its modules are imported."""
    text = re.findall("```toml\n(.*?)```", HANDBOOK.read_text(), re.DOTALL)[0]
    text = text.replace("/srv/environments/torch", str(load_environment("numpy").folder))
    (tmp_path / "mine.toml").write_text(text.replace('"torch"', '"scipy"'))
    monkeypatch.setenv("AUTOGRADER_ENVIRONMENTS", str(tmp_path))
    with ForkServer(load_environment("mine"), frozenset({"matplotlib"})) as fork_server:
        names = ["scipy", "otter", "matplotlib.pyplot", "nbconvert", "pandas"]
        assert imported(fork_server, names) == ["scipy", "otter", "matplotlib.pyplot"]


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
