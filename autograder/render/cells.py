"""
The cells of an executed notebook as HTML, each rendered and cleaned on its own.

One broken cell spoils no other, and what is ours goes between the cells only after the cleaning.
Loading nbconvert takes half a second, so this module is imported where it is needed: in the
renderer (`autograder.render.process`), and for a few words of a person's.
"""

from __future__ import annotations

import html
import logging
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final
from urllib.parse import unquote

import mistune
from mistune.plugins import import_plugin
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.cells import SHOWN_TYPES
from autograder.render.cleaning import ATTACHMENT, clean, clean_code, shows_something, too_deep
from autograder.render.formulas import extract, formula_html, restore
from autograder.render.pictures import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_TOTAL_BYTES,
    PastedPictures,
)
from autograder.render.rendered import CellHtml, CodeHtml
from autograder.untrusted_text import plain

MAX_RENDERED: Final = 20_000
"""Characters of a markdown cell or an output; what is longer is shown as text, or cut."""
MAX_CODE: Final = 50_000
MAX_HTML: Final = 200_000
MAX_SHOWN: Final = 100_000
"""Characters of a cell that are shown at all."""
MAX_RENDERED_TOTAL: Final = 2_000_000
"""Characters of a notebook that are rendered; what comes after them is shown as text."""
MAX_TEXT: Final = 2_000_000
"""Characters of a notebook that are shown as text; of what comes after them only the beginning."""
LEAST_SHOWN: Final = 1000
MAX_SECONDS: Final = 5.0
"""CPU time after which the rest is shown as text; an honest notebook takes 0.2 s."""
LONG_OUTPUT: Final = 30
"""Lines of text, or rows of a table, from which on an output is folded."""
HEADING_SHIFT: Final = 2
"""A page's title and its sections come first."""

MAX_EMPHASIS: Final = 1500
"""Runs of stars and underscores in a markdown cell: the parser's time grows with their square."""
_EMPHASIS: Final = re.compile(r"[*_]+")
_KINDS: Final = frozenset({"code", "markdown", "raw"})
_TITLE: Final = re.compile(r"# @title (\S.*)")
_SHOWN_PICTURES: Final = (
    f"Pasted pictures are shown if they are PNG, JPEG, WebP or GIF, of {MAX_BYTES >> 20} MB and "
    f"{MAX_PIXELS // 1_000_000} megapixels at most, {MAX_TOTAL_BYTES >> 20} MB in all."
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")

_log: Final = logging.getLogger(__name__)


class RenderBudget:
    """How much of a notebook may still be rendered with all that belongs to it."""

    def __init__(self) -> None:
        self._characters = MAX_RENDERED_TOTAL
        self._text = MAX_TEXT
        self._pictures = MAX_TOTAL_BYTES
        self._deadline = time.thread_time() + MAX_SECONDS

    def spend_picture(self, size: int) -> bool:
        """Whether a pasted picture of so many bytes may still be shown."""
        if size > self._pictures:
            return False
        self._pictures -= size
        return True

    def spend(self, characters: int) -> bool:
        """Whether that many more may be rendered."""
        self._characters -= characters
        return self._characters >= 0 and time.thread_time() < self._deadline

    def room(self, characters: int) -> int:
        """How many of a cell's characters are shown as text."""
        # Untrusted: a notebook of 30 MB would be a page of 100 MB, for each who opens it.
        shown = min(characters, MAX_SHOWN, max(self._text, LEAST_SHOWN))
        self._text -= shown
        return shown


@dataclass
class Fragment:
    """
    A part of a cell as harmless HTML.

    Args:
        html: Whole elements only.
        notes: What a reader should know of it, in our words; not yet escaped.
        length: How long an output is, in words, if it is to be folded.
    """

    html: str
    notes: list[str] = field(default_factory=list)
    length: str = ""


def render_cell(cell: NotebookNode, number: int, effort: RenderBudget) -> CellHtml:
    """
    Render one cell.

    Args:
        cell: Of the executed notebook.
        number: Its number, from 1.
        effort: What may still be rendered.
    """
    source = plain(str(cell.get("source", "")))
    kind = str(cell.get("cell_type"))
    try:
        if kind == "markdown":
            return _cell_html(kind, _markdown_cell(source, cell, effort))
        if kind == "code":
            return _code_cell(source, cell, number, effort)
    # Untrusted: parsers of markdown, colours and formulas raise whatever comes to them.
    except Exception:
        _log.warning("cell %d could not be rendered", number, exc_info=True)
        note = "This cell could not be rendered; this is its source."
        return _cell_html(kind, _as_text(source, effort, note))
    return _cell_html(kind, _as_text(source, effort))


def cell_as_text(cell: NotebookNode, effort: RenderBudget, note: str) -> CellHtml:
    """
    Show one cell's source as text: little work, whatever it holds.

    Args:
        cell: Of the executed notebook.
        effort: What may still be shown.
        note: What to say of it.
    """
    source = plain(str(cell.get("source", "")))
    return _cell_html(str(cell.get("cell_type")), _as_text(source, effort, note))


def _cell_html(kind: str, fragment: Fragment) -> CellHtml:
    # Untrusted: outputs, and names of their types, hold any character, entities any other.
    notes = tuple(map(plain, fragment.notes))
    return CellHtml(kind if kind in _KINDS else "raw", plain(fragment.html), notes)


def _markdown_cell(source: str, cell: NotebookNode, effort: RenderBudget) -> Fragment:
    if len(source) > MAX_RENDERED or not effort.spend(len(source)):
        return _as_text(source, effort, "This text is too long to be rendered.")
    if sum(1 for _ in _EMPHASIS.finditer(source)) > MAX_EMPHASIS:
        return _as_text(source, effort, "This text has too much emphasis to be rendered.")
    token = f"picture{secrets.token_hex(8)}n"
    return _markdown(source, PastedPictures(cell, token, effort.spend_picture))


def _markdown(source: str, pictures: PastedPictures | None = None) -> Fragment:
    """Render markdown: formulas out, markdown to HTML, HTML cleaned, formulas and pictures in."""
    token = f"formula{secrets.token_hex(8)}n"
    text, formulas = extract(source, token)

    def as_source(value: str) -> str:
        value = restore(value, token, formulas, lambda formula: formula.source)
        if pictures is None or not value.startswith(ATTACHMENT):
            return value
        return pictures.placeholder(unquote(value.removeprefix(ATTACHMENT))) or value

    def put_back(match: re.Match[str]) -> str:
        if match[1]:
            return restore(match[0], token, formulas, lambda each: html.escape(each.source))
        return restore(match[0], token, formulas, formula_html)

    rendered = _from_template(_markdown_node(text))
    # An attribute gets the source, which the cleaning escapes. What comes in after it is MathML
    # of our own making, and only between tags: the words stand nowhere else by then.
    cleaned = clean(rendered, heading_shift=HEADING_SHIFT, change=as_source)
    shown = re.sub(rf"(<(pre|code)>.*?</\2>)|{token}\d+x", put_back, cleaned.html, flags=re.DOTALL)
    if pictures is not None:
        shown = pictures.put_in(shown)
    return Fragment(shown, _picture_notes(cleaned.dropped_pictures))


def _code_cell(source: str, cell: NotebookNode, number: int, effort: RenderBudget) -> CellHtml:
    code: CodeHtml | None = None
    below = Fragment("")
    if len(source) <= MAX_CODE and effort.spend(len(source)):
        code = _code(source)
    else:
        below = _as_text(source, effort)
    for output in cell.get("outputs", ()):
        part = _output(output, number, effort)
        below.html += _output_html(part)
        below.notes += part.notes
    return replace(_cell_html("code", below), code=code)


def _output_html(part: Fragment) -> str:
    if not part.html:
        return ""
    shown = f'<div class="nb-output">{part.html}</div>'
    if not part.length:
        return shown
    return f"<details><summary>Output, {part.length}</summary>{shown}</details>"


def _code(source: str) -> CodeHtml:
    """Render code by lines; what begins with a title is folded, as in Colab."""
    rendered = clean_code(_from_template(_code_node(source)))
    # Cleaned: each angle bracket of the code itself is escaped, and Pygments closes at the end of
    # a line what it has opened on it.
    before, opened, rest = rendered.partition("<pre>")
    lines, closed, after = rest.rpartition("</pre>")
    title = _TITLE.match(source)
    return CodeHtml(before + opened, lines, closed + after, title[1] if title is not None else "")


def _output(output: NotebookNode, number: int, effort: RenderBudget) -> Fragment:
    """Render one output of a code cell."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return _stream(_text(output.get("text")), name, effort)
    if kind == "error":
        return _error(output, effort)
    data = output.get("data")
    if not isinstance(data, dict):
        return Fragment("")
    for media_type in SHOWN_TYPES:
        content = _text(data.get(media_type))
        fragment = _shown_as(media_type, content, number, effort) if content else None
        if fragment is not None:
            return fragment
    return Fragment("", [f"An output of the type {name} is not shown." for name in [*data][:1]])


def _stream(text: str, name: str, effort: RenderBudget) -> Fragment:
    lines = _last_of_overwritten(text)
    shown, notes = _cut(lines, effort)
    output = NotebookNode(output_type="stream", name=name, text=shown)
    return Fragment(
        _rendered_output(output), notes, _length(lines.strip().count("\n") + 1, "lines")
    )


def _error(output: NotebookNode, effort: RenderBudget) -> Fragment:
    traceback = output.get("traceback")
    lines = [_text(line) for line in traceback] if isinstance(traceback, list) else []
    text = "\n".join(lines) or f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
    shown, notes = _cut(text, effort)
    error = NotebookNode(output_type="error", traceback=shown.split("\n"))
    return Fragment(_rendered_output(error), notes)


def _shown_as(media_type: str, content: str, number: int, effort: RenderBudget) -> Fragment | None:
    """Render what a cell displays as one of its types; ``None`` if that shows nothing."""
    if media_type == "text/plain":
        return _stream(content, "stdout", effort)
    if media_type.startswith("image/"):
        return _picture(media_type, content, number)
    limit = MAX_HTML if media_type == "text/html" else MAX_RENDERED
    if len(content) > limit or not effort.spend(len(content)):
        return None
    if media_type == "text/html":
        return _html(content)
    return _markdown(content)


def _html(content: str) -> Fragment | None:
    if too_deep(content):
        return None
    cleaned = clean(content, heading_shift=HEADING_SHIFT)
    if not shows_something(cleaned.html):
        return None
    shown = f'<div class="rendered_html">{cleaned.html}</div>'
    rows = cleaned.html.count("<tr>")
    return Fragment(shown, _picture_notes(cleaned.dropped_pictures), _length(rows, "rows"))


def _length(count: int, unit: str) -> str:
    return f"{count:,} {unit}" if count > LONG_OUTPUT else ""


def _picture(media_type: str, content: str, number: int) -> Fragment | None:
    # Untrusted: only letters of base64 get into the address.
    if not _BASE64.fullmatch(content):
        return None
    source = f"data:{media_type};base64,{''.join(content.split())}"
    return Fragment(f'<img src="{source}" alt="Figure made by cell {number}">')


def _rendered_output(output: NotebookNode) -> str:
    return clean_code(_from_template(_code_node("", outputs=[output]), source=False))


def _as_text(source: str, effort: RenderBudget, *notes: str) -> Fragment:
    shown, cut = _shortened(source, effort.room(len(source)))
    return Fragment(f"<pre>{html.escape(shown)}</pre>", [*notes, *cut])


def _cut(text: str, effort: RenderBudget) -> tuple[str, list[str]]:
    rendered = effort.spend(min(len(text), MAX_RENDERED))
    return _shortened(text, MAX_RENDERED if rendered else LEAST_SHOWN)


def _shortened(text: str, limit: int) -> tuple[str, list[str]]:
    left_out = len(text) - limit
    if left_out <= 0:
        return text, []
    return text[:limit] + "…", [f"{left_out:,} more characters are not shown."]


def _text(value: object) -> str:
    """Take text as notebooks hold it: a string, or a list of lines."""
    # Untrusted: a kernel's messages can hold anything that JSON can.
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _last_of_overwritten(text: str) -> str:
    """Show of a progress bar what a terminal would show in the end."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2].replace("\b", "") for line in lines)


def _picture_notes(dropped: list[str]) -> list[str]:
    return [
        f"A picture is not shown: {each.removeprefix(ATTACHMENT)}. {_SHOWN_PICTURES}"
        if each.startswith(ATTACHMENT)
        else f"A picture is not shown, only those in the notebook are: {each}"
        for each in dropped
    ]


def _from_template(cell: NotebookNode, *, source: bool = True) -> str:
    """Render a cell by nbconvert's template."""
    parts = "code", "markdown", "raw", "unknown", "output"
    shown = {f"include_{part}": True for part in parts} | {"include_input": source}
    return str(
        _exporter().template.render(
            nb=NotebookNode(cells=[cell], metadata=NotebookNode()),
            resources={"global_content_filter": shown, "should_sanitize_html": True},
        )
    )


def _markdown_node(source: str) -> NotebookNode:
    return NotebookNode(cell_type="markdown", source=source, metadata=NotebookNode())


def _code_node(source: str, outputs: Sequence[NotebookNode] = ()) -> NotebookNode:
    # nbformat's own makers check each cell against the schema, which takes 2 ms.
    return NotebookNode(cell_type="code", source=source, outputs=outputs, metadata=NotebookNode())


@cache
def _exporter() -> HTMLExporter:
    filters = {
        "highlight_code": _highlighted,
        "markdown2html": _markdown_html,
        # Its own cleaning takes 20 ms a cell and lets styles through; `clean` comes after it.
        "clean_html": _as_it_is,
        # Its time grows with the square of the text's length, and no link here is to a file.
        "strip_files_prefix": _as_it_is,
    }
    exporter = HTMLExporter(template_name="basic", filters=filters)  # type: ignore[no-untyped-call]
    # A child of the renderer's cannot look at files, whether a template has changed or not.
    exporter.environment.auto_reload = False
    return exporter


def _as_it_is(rendered: str) -> str:
    return rendered


def _markdown_html(text: str) -> str:
    return str(_markdown_parser()(text))


@cache
def _markdown_parser() -> mistune.Markdown:
    plugins = ["strikethrough", "table", "url", "def_list"]
    return mistune.Markdown(_Renderer(escape=False), plugins=map(import_plugin, plugins))


class _Renderer(mistune.HTMLRenderer):
    """Colours Python in markdown too, and leaves pasted pictures to the cleaning."""

    def sanitize_url(self, url: str) -> str:
        """Leave the addresses of pasted pictures to the cleaning; others are as ever."""
        return url if url.startswith(ATTACHMENT) else super().sanitize_url(url)

    def block_code(self, code: str, info: str | None = None) -> str:
        if (info or "").strip().lower() in ("python", "py", "python3", "ipython3"):
            return str(highlight(code, PythonLexer(), HtmlFormatter()))
        return super().block_code(code)


def _highlighted(source: str, **_: object) -> str:
    formatter = HtmlFormatter(linenos="inline")
    return str(highlight(source, PythonLexer(stripnl=False), formatter))
