"""A report as one self-contained web page, and an executed notebook as a harmless fragment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from autograder.render.findings import (
    CellNote,
    QuestionView,
    SummaryView,
    names,
    points,
    summary,
)
from autograder.render.placement import AT_THE_END
from autograder.render.rendered import RenderedNotebook
from autograder.report import Report
from autograder.untrusted_text import plain

CONTENT_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def report_page(
    report: Report, notebook: RenderedNotebook, *, student: bool, file: str = ""
) -> str:
    """
    Write a report as one HTML page that loads nothing and runs nothing.

    Args:
        report: What came of a submission.
        notebook: Its executed notebook.
        student: Whether a student reads it: then nothing but the student's view is in it.
        file: The name of the submitted file, if the page is to show it.
    """
    told = summary(report, student=student)
    annotated = annotated_notebook_html(notebook, told)
    return _template("page.html.j2").render(
        report=told,
        notebook=Markup(annotated),  # noqa: S704  cleaned cells and our own panels
        style=Markup(stylesheet()),  # noqa: S704  a file of the package
        policy=CONTENT_POLICY,
        student=student,
        file=plain(file),
    )


def annotated_notebook_html(notebook: RenderedNotebook, told: SummaryView) -> str:
    """
    Write an executed notebook as harmless HTML, each question's result beside its answer.

    Args:
        notebook: The executed notebook.
        told: What the reader may know of its result.
    """
    panels: dict[int, str] = {}
    for question in told.questions:
        place = notebook.places.get(question.id, AT_THE_END)
        panels[place] = panels.get(place, "") + question_panel(question)
    return notebook_html(
        notebook,
        panels,
        notes=_cell_notes(told.cells),
        marked=_marked_lines(told),
        given=told.given,
    )


def question_panel(question: QuestionView) -> str:
    """Write a question's result: verdict, points, hints and every check."""
    return _template("question.html.j2").render(question=question)


def notebook_html(
    notebook: RenderedNotebook,
    panels: Mapping[int, str],
    *,
    notes: Mapping[int, str] | None = None,
    marked: Mapping[int, Collection[int]] | None = None,
    given: Collection[int] = (),
    numbers: Sequence[int] = (),
) -> str:
    """
    Write an executed notebook as harmless HTML, with trusted panels between its cells.

    It is styled by `stylesheet`.

    Args:
        notebook: The executed notebook.
        panels: HTML of ours by the cell that it follows, from 0. What belongs to no cell, such as
            `AT_THE_END`, comes last.
        notes: What to say of a cell in words, by its number from 0.
        marked: Lines of code to highlight, from 1, by cell from 0.
        given: Cells that are as students got them, from 0.
        numbers: What the cells are numbered by, if these are some of a notebook's.
    """
    parts: list[str] = []
    for index, cell in enumerate(notebook.cells):
        shown = cell.shown((marked or {}).get(index, ()), given=index in given)
        parts.append(
            _template("cell.html.j2").render(
                number=numbers[index] if numbers else index + 1,
                kind=cell.kind,
                # Untrusted till it was rendered: only what an allow-list lets through is in it.
                content=Markup(shown),  # noqa: S704  cleaned when it was rendered
                said=(notes or {}).get(index, ""),
                notes=cell.notes,
            )
        )
        parts.append(panels.get(index, ""))
    parts += [panel for index, panel in panels.items() if not 0 <= index < len(notebook.cells)]
    return "".join(parts)


@cache
def palette() -> str:
    """Return the colours of all pages, light and dark, and those of code."""
    return _style("palette.css") + _style("code.css")


@cache
def stylesheet() -> str:
    """Return the style of reports and notebooks, their colours included."""
    return palette() + _style("page.css")


def _style(name: str) -> str:
    return files("autograder.render").joinpath(name).read_text(encoding="utf-8")


def _cell_notes(cells: Sequence[CellNote]) -> dict[int, str]:
    return {cell.number - 1: cell.words for cell in cells}


def _marked_lines(told: SummaryView) -> dict[int, set[int]]:
    marked: dict[int, set[int]] = {}
    for question in told.questions:
        for cell, lines in question.marked_lines.items():
            marked.setdefault(cell, set()).update(lines)
    return marked


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("autograder.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(points=points, names=names)
    return environment


__all__ = [
    "AT_THE_END",
    "CONTENT_POLICY",
    "annotated_notebook_html",
    "notebook_html",
    "palette",
    "question_panel",
    "report_page",
    "stylesheet",
]
