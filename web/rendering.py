"""Markdown with formulas and cells of a notebook as harmless HTML."""

from __future__ import annotations

import atexit
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from markupsafe import Markup, escape
from nbformat import NotebookNode

from autograder.render.findings import QuestionView
from autograder.render.page import notebook_html
from autograder.render.process import Renderer
from autograder.render.rendered import Excerpt, RenderedNotebook

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
    return Markup(render_cell(cell, 1, RenderBudget()).shown())  # noqa: S704  an allow-list made it


def markdown_line(text: str) -> Markup:
    """Render one paragraph of Markdown and LaTeX for a place in a line, such as a label."""
    paragraph = _PARAGRAPH.fullmatch(markdown(text))
    # Whatever is more than a paragraph stays as it was typed.
    if paragraph is None:
        return escape(text)
    return Markup(paragraph[1])  # noqa: S704  part of cleaned HTML


def markdown_part(text: str) -> Markup:
    """Render Markdown as a part below a page's second heading, whatever depth its headings have."""
    return _with_headings(text, 3)


def markdown_page(text: str) -> Markup:
    """Render Markdown as all of a page below its title, whatever depth its headings have."""
    return _with_headings(text, 2)


def markdown_deep(text: str) -> Markup:
    """Render Markdown as a part below a third heading, whatever depth its headings have."""
    return _with_headings(text, 4)


def _with_headings(text: str, depth: int) -> Markup:
    # As plain text: a `Markup` would escape what is put in.
    html = str(markdown(text))
    return Markup(_HEADING.sub(rf"<\1h{depth}", html))  # noqa: S704  cleaned HTML but for a digit


def answer_html(notebook: RenderedNotebook, cells: Iterable[int]) -> Markup:
    """
    Write the cells of a written answer.

    Args:
        notebook: The executed notebook.
        cells: Which of its cells, from 0.
    """
    places = [number for number in cells if number < len(notebook.cells)]
    chosen = RenderedNotebook(tuple(notebook.cells[number] for number in places))
    numbers = [number + 1 for number in places]
    # Untrusted till it was rendered: only what an allow-list lets through is in it.
    return Markup(notebook_html(chosen, {}, numbers=numbers))  # noqa: S704  cleaned cells


@dataclass(frozen=True)
class OwnCellView:
    """
    One of a student's own cells, on the page of its result.

    Args:
        number: Its number in the notebook, from 1.
        html: Its code or text, harmless; what a finding names is marked.
        notes: What a reader should know of it, in our words.
    """

    number: int
    html: Markup
    notes: tuple[str, ...]


def own_cells_of(question: QuestionView, stored: Excerpt) -> Sequence[OwnCellView]:
    """
    Return a student's own cells for a question, as far as they are stored.

    Args:
        question: Which, as far as the reader may know it.
        stored: Of the result's notebook.
    """
    marked = question.marked_lines
    return [
        OwnCellView(
            number + 1,
            # Untrusted till it was rendered: only what an allow-list lets through is in it.
            Markup(stored.cells[number].shown(marked.get(number, ()))),  # noqa: S704  cleaned
            stored.cells[number].notes,
        )
        for number in question.own_cells
        if number in stored.cells
    ]


@cache
def renderer() -> Renderer:
    """Return this process's renderer of notebooks, which starts with the first."""
    made = Renderer()
    atexit.register(made.close)
    return made
