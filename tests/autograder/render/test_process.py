"""Untrusted notebooks are rendered in a child with limits, and what it costs ends there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.render.confinement import RenderLimits
from autograder.render.notebooks import TOO_EXPENSIVE, render_notebook
from autograder.render.process import NOT_SHOWN, Renderer
from autograder.render.rendered import CodeHtml, RenderedNotebook

ROOT = Path(__file__).parents[3]
# Quick to reach; the processes are the same.
LIMITS = RenderLimits(cpu_seconds=1, output_bytes=4 << 20)
QUESTIONS = ["q1", "q2"]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """Return one renderer for the tests of this file."""
    with Renderer(LIMITS) as made:
        yield made


@pytest.fixture
def honest(make) -> NotebookNode:
    """Return a notebook with all kinds of cells and outputs."""
    table = make.shows({"text/html": "<table class=dataframe><tr><td>1</table>", "text/plain": "1"})
    error = nbformat.v4.new_output("error", ename="E", evalue="e", traceback=["\x1b[31mE\x1b[0m"])
    cells = (
        make.text("### Question 1\n\n$x_1$ **b**\n\n```python\na = 1\n```\n\n```\nb\n```"),
        make.code('# @title c\nx = """a\nb"""\n\n@f\ndef g(): ...', table, error),
        make.code('grader.check("q1")', make.shows({"text/latex": "$y$"})),
        make.text("~~d~~ [e](https://f.org)\n\n| g |\n|---|\n| h |"),
        nbformat.v4.new_raw_cell("raw"),
    )
    return make.report(cells=cells).notebook


def expensive(make) -> NotebookNode:
    """Return a notebook that takes several seconds to colour, and would be a page of 5 MB."""
    return make.report(cells=[make.code("1+" * 24_000 + str(cell)) for cell in range(12)]).notebook


def large(make) -> NotebookNode:
    """Return a notebook whose page is larger than it may be, for little work."""
    return make.report(cells=(make.code("a", make.shows({"image/png": "A" * (6 << 20)})),)).notebook


def test_a_child_renders_what_the_caller_would(renderer: Renderer, honest: NotebookNode) -> None:
    """Nothing is missing for want of a file that only the caller could open."""
    rendered = renderer.render(json.dumps(honest), QUESTIONS)

    assert rendered == render_notebook(honest, QUESTIONS)
    assert rendered.places == {"q1": 2, "q2": -1}
    assert not [note for cell in rendered.cells for note in cell.notes]


@pytest.mark.parametrize("costly", [expensive, large])
def test_what_takes_too_much_is_text(
    renderer: Renderer, honest: NotebookNode, make, costly
) -> None:
    """The child is ended, each cell is text with a note, and the next notebook is rendered."""
    notebook = costly(make)

    rendered = renderer.render(json.dumps(notebook), QUESTIONS)

    assert len(rendered.cells) == len(notebook.cells)
    assert all(TOO_EXPENSIVE in cell.notes for cell in rendered.cells)
    assert rendered.cells[0].shown().startswith("<pre>")
    assert renderer.render(json.dumps(honest), ["q1"]) == render_notebook(honest, ["q1"])


def test_memory_is_bounded(make) -> None:
    """A notebook that does not fit is not shown at all; it takes nobody's memory."""
    notebook = make.report(cells=(make.text("x" * (30 << 20)),)).notebook

    with Renderer(replace(LIMITS, memory_bytes=1 << 20)) as small:
        assert small.render(json.dumps(notebook), []) == NOT_SHOWN


def test_what_cannot_be_read_is_not_shown(renderer: Renderer) -> None:
    """A damaged row of the database is a page with a note."""
    assert renderer.render('{"cells": [', QUESTIONS) == NOT_SHOWN


def test_an_ended_renderer_is_started_again(honest: NotebookNode) -> None:
    """Whoever ended it, the next notebook is rendered."""
    with Renderer(LIMITS) as mortal:
        mortal.start()
        assert mortal._server is not None
        mortal._server._process.kill()
        mortal._server._process.wait()

        assert mortal.render(json.dumps(honest), ["q1"]).places == {"q1": 2}


def test_a_renderer_ends_with_who_asks() -> None:
    """Killed without a chance to say so, the asking process leaves no renderer behind."""
    program = """
import os, signal
from autograder.render.process import Renderer
renderer = Renderer()
renderer.start()
print(renderer._server._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    renderer = Path("/proc", run.stdout.strip())
    deadline = time.monotonic() + 60
    # Nobody may be there to collect its exit status.
    while renderer.exists() and ") Z " not in (renderer / "stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_confined_process_can_only_compute() -> None:
    """It reads one file and writes another; all else that a program can ask for is refused."""
    program = """
import os, signal, socket, subprocess, sys
from autograder.render.confinement import RenderLimits, compiled_filter, confine
source, target = os.memfd_create("a"), os.dup(1)
parent, calls = os.getpid(), compiled_filter()
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
attempts = {
    "open": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "create": lambda: os.open("/tmp/made-by-a-confined-process", os.O_CREAT | os.O_WRONLY),
    "look": lambda: os.stat("/"),
    "connect": lambda: socket.socket(socket.AF_UNIX),
    "fork": os.fork,
    "run": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(parent, signal.SIGTERM),
    "memory": lambda: os.memfd_create("b"),
    "leave": lambda: os.chdir("/tmp"),
    "ask": lambda: os.write(2, b"x"),
}
confine(RenderLimits(), parent, calls, source, target)
for name, attempt in attempts.items():
    try:
        attempt()
    except OSError:
        continue
    os.write(1, name.encode() + b" ")
os.write(1, b"end")
os._exit(0)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (run.stdout, run.returncode) == ("end", 0)


def test_a_page_of_what_is_stored_renders_nothing(honest: NotebookNode) -> None:
    """What was stored is read and shown without nbconvert, nh3 or Pygments being loaded."""
    stored = json.dumps(render_notebook(honest, QUESTIONS).as_json())
    program = """
import json, sys
from autograder.render.page import notebook_html
from autograder.render.rendered import RenderedNotebook
notebook = RenderedNotebook.from_json(json.load(sys.stdin))
print(len(notebook_html(notebook, {0: "panel"}, marked={1: {2}})))
print(*{"nbconvert", "nh3", "pygments", "mistune"} & sys.modules.keys())
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        input=stored,
        capture_output=True,
        text=True,
        check=True,
    )

    length, _, loaded = run.stdout.partition("\n")
    assert int(length) > 1000
    assert not loaded.strip()


def test_json_keeps_all(honest: NotebookNode) -> None:
    """What is stored is what comes back; what another version cleaned does not."""
    rendered = render_notebook(honest, QUESTIONS)
    data = json.loads(json.dumps(rendered.as_json()))

    assert RenderedNotebook.from_json(data) == rendered
    assert RenderedNotebook.from_json({**data, "version": 0}) is None


@pytest.mark.parametrize(
    "source",
    ['x = """a\n<b>\n\nc"""\ny = f"{x}"\n', "", "\n\n", "a\\\n  b # c\n'''", "def (:\n\t\x0c?"],
)
def test_each_line_of_code_stands_for_itself(balanced, make, source: str) -> None:
    """A line closes what it opens, so that any one can be marked."""
    (cell,) = render_notebook(make.report(cells=(make.code(source),)).notebook, []).cells
    assert isinstance(cell.code, CodeHtml)
    lines = cell.code.lines.removesuffix("\n").split("\n")

    assert cell.code.lines.endswith("\n")
    assert len(lines) == max(1, len(source.removesuffix("\n").split("\n")))
    for number, line in enumerate(lines, start=1):
        assert balanced(line)
        assert f'<span class="hll">{line}\n</span>' in cell.shown({number})
        assert balanced(cell.shown({number}))


def test_the_renderer_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that forks children has nothing of the portal's environment."""
    monkeypatch.setenv("AUTOGRADER_SECRET_KEY", "SECRET")
    with Renderer(LIMITS) as one:
        one.start()
        assert one._server is not None
        environment = Path(f"/proc/{one._server._process.pid}/environ").read_bytes()

    assert b"SECRET" not in environment
    assert os.environ["AUTOGRADER_SECRET_KEY"] == "SECRET"
