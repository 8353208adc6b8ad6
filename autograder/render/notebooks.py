"""A whole notebook as harmless HTML: what the renderer does in a child with limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import nbformat
from nbformat import NotebookNode

from autograder.render.cells import RenderBudget, cell_as_text, render_cell
from autograder.render.placement import places
from autograder.render.rendered import RenderedNotebook

TOO_EXPENSIVE: Final = "This notebook takes too much to be rendered; this is the source."
_SAMPLE: Final = (
    "# A [b](https://c.org) $x_1$\n\n| d |\n|---|\n| ~~e~~ |\n\n```python\ndef f(): pass\n```\n",
    "# @title g\ndef h(i):\n    return '''j\n'''\n",
    "k",
)


def render_notebook(notebook: NotebookNode, questions: Sequence[str]) -> RenderedNotebook:
    """
    Render a notebook.

    Args:
        notebook: An executed one; nothing in it is trusted.
        questions: Ids of the questions whose places are looked for.
    """
    effort = RenderBudget()
    cells = [
        render_cell(cell, number, effort) for number, cell in enumerate(notebook.cells, start=1)
    ]
    return RenderedNotebook(tuple(cells), places(notebook.cells, questions))


def notebook_as_text(notebook: NotebookNode, questions: Sequence[str]) -> RenderedNotebook:
    """Show a notebook's sources as text; takes the arguments of `render_notebook`."""
    effort = RenderBudget()
    cells = [cell_as_text(cell, effort, TOO_EXPENSIVE) for cell in notebook.cells]
    return RenderedNotebook(tuple(cells), places(notebook.cells, questions))


def parse(data: bytes) -> NotebookNode:
    """Read the JSON of an executed notebook."""
    notebook: NotebookNode = nbformat.from_dict(json.loads(data))
    return notebook


def load_everything() -> None:
    """Load whatever rendering loads only when it needs it."""
    text, code, raw = _SAMPLE
    shown = {
        "text/html": "<p>l</p>",
        "text/markdown": "$m$",
        "image/png": "AA==",
        "text/plain": "n",
    }
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "\x1b[31mo\x1b[0m"},
        {"output_type": "error", "ename": "p", "evalue": "q", "traceback": ["\x1b[1mr\x1b[0m"]},
        *({"output_type": "display_data", "data": {name: shown[name]}} for name in shown),
    ]
    cells = [
        {"cell_type": "markdown", "source": text},
        {"cell_type": "code", "source": code, "outputs": outputs},
        {"cell_type": "raw", "source": raw},
    ]
    sample = json.dumps({"cells": cells}).encode()
    render_notebook(parse(sample), ["q1"])
