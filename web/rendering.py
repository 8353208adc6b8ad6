"""Markdown with formulas as harmless HTML, and the cells that hold a written answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape
from nbformat import NotebookNode

_PARAGRAPH: Final = re.compile(
    r"(?:\s|<div[^<>]*>)*<p>((?:(?!</?(?:p|div)\b).)*)</p>(?:\s|</div>)*", re.DOTALL
)

_HEADING: Final = re.compile(r"<(/?)h[1-6]\b")


@lru_cache(maxsize=512)
def markdown(text: str) -> Markup:
    """
    Render Markdown and LaTeX, cleaned; formulas become MathML.

    Untrusted: students' requests and answers come here as well as graders' comments.
    """
    # Loading nbconvert takes half a second, which pages without formulas save.
    from autograder.render.cells import RenderBudget, render_cell

    cell = NotebookNode(cell_type="markdown", source=text, metadata=NotebookNode())
    return Markup(render_cell(cell, 1, RenderBudget()).html)  # noqa: S704  an allow-list made it


def markdown_line(text: str) -> Markup:
    """Render one paragraph of Markdown and LaTeX for a place in a line, such as a label."""
    paragraph = _PARAGRAPH.fullmatch(markdown(text))
    # Whatever is more than a paragraph stays as it was typed.
    if paragraph is None:
        return escape(text)
    return Markup(paragraph[1])  # noqa: S704  part of cleaned HTML


def markdown_part(text: str) -> Markup:
    """Render Markdown as a part below a page's second heading, whatever depth its headings have."""
    # As plain text: a `Markup` would escape what is put in.
    html = str(markdown(text))
    return Markup(_HEADING.sub(r"<\1h3", html))  # noqa: S704  cleaned HTML but for a digit


def answer_html(notebook: NotebookNode, cells: Sequence[int]) -> Markup:
    """
    Render the cells of a written answer, cleaned.

    Args:
        notebook: The executed notebook; nothing in it is trusted.
        cells: Which of its cells, from 0.
    """
    from autograder.render.page import notebook_html

    chosen = [notebook.cells[number] for number in cells if number < len(notebook.cells)]
    # Untrusted till now: `notebook_html` gives only what its allow-list lets through.
    return Markup(notebook_html(NotebookNode(cells=chosen), {}))  # noqa: S704
