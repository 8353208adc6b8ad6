"""
The cells of an executed notebook as HTML, each rendered and cleaned on its own.

One broken cell spoils no other, and what is ours goes between the cells only after the cleaning.
Loading nbconvert takes half a second, so this module is imported where it is needed.
"""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol

import mistune
import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.render.cleaning import clean, shows_something, too_deep
from autograder.render.findings import plain
from autograder.render.formulas import extract, formula_html, restore, source_html

MAX_RENDERED: Final = 20_000
"""Characters of a markdown cell or an output; what is longer is shown as text, or cut."""
MAX_CODE: Final = 50_000
MAX_HTML: Final = 200_000
MAX_SHOWN: Final = 100_000
"""Characters of a cell that are shown at all."""
MAX_EFFORT: Final = 2_000_000
"""Characters of a notebook that are rendered; what comes after them is shown as text."""
HEADING_SHIFT: Final = 2
"""A page's title and its sections come first."""

_TYPES: Final = (
    "text/html",
    "text/markdown",
    "text/latex",
    "image/png",
    "image/jpeg",
    "image/gif",
    "text/plain",
)
_NOTHING_TO_SHOW: Final = "An output of the type {} is not shown here."
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")
_IN_CODE: Final = re.compile(r"(<(pre|code)\b.*?</\2>)", re.DOTALL)


class Effort:
    """
    How much of a notebook may still be rendered with all that belongs to it.

    Args:
        characters: Of sources and outputs.
    """

    def __init__(self, characters: int = MAX_EFFORT) -> None:
        self._left = characters

    def spend(self, characters: int) -> bool:
        """Whether that many more may be rendered."""
        self._left -= characters
        return self._left >= 0


@dataclass
class Fragment:
    """
    A cell as harmless HTML.

    Args:
        html: Whole elements only.
        notes: What a reader should know of it, in our words; not yet escaped.
    """

    html: str
    notes: list[str] = field(default_factory=list)


def render_cell(
    cell: NotebookNode, number: int, effort: Effort, marked: Collection[int] = ()
) -> Fragment:
    """
    Render one cell.

    Args:
        cell: Of the executed notebook.
        number: Its number, from 1.
        effort: What may still be rendered.
        marked: Lines of code to highlight, from 1.
    """
    source = plain(str(cell.get("source", "")))
    try:
        if cell.get("cell_type") == "markdown":
            return _markdown_cell(source, effort)
        if cell.get("cell_type") == "code":
            return _code_cell(source, cell, number, effort, marked)
    # Untrusted: parsers of markdown, colours and formulas raise whatever comes to them.
    except Exception:
        return _as_text(source, "This cell could not be rendered; this is its source.")
    return _as_text(source)


def _markdown_cell(source: str, effort: Effort) -> Fragment:
    if len(source) > MAX_RENDERED or not effort.spend(len(source)):
        return _as_text(source, "This text is too long to be rendered.")
    return _markdown(source)


def _markdown(source: str) -> Fragment:
    """Render markdown: formulas out, markdown to HTML, cleaned, formulas in."""
    token = f"formula{secrets.token_hex(8)}n"
    text, formulas = extract(source, token)
    cell = nbformat.v4.new_markdown_cell(text)
    # In an attribute a formula is text, and the cleaning escapes it. In what is left of the words
    # between the tags, only what `formula_html` has written can come in.
    fragment = _cleaned(
        _in_attributes(
            _exporter_html(cell), lambda value: restore(value, token, formulas, _escaped_source)
        )
    )
    parts = _IN_CODE.split(fragment.html)
    fragment.html = "".join(
        restore(part, token, formulas, _escaped_source if inside else formula_html)
        for part, inside in _code_or_not(parts)
    )
    return fragment
