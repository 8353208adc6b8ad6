"""A result's notebook as harmless HTML: made once, after grading or when it is first looked at."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from autograder.errors import RenderError, StoredReportError
from autograder.render.process import CHILDREN
from autograder.render.rendered import CellHtml, Excerpt, RenderedNotebook
from autograder.report import Report, StaffView
from web.db import Database
from web.models import Result
from web.rendering import renderer

UNAVAILABLE: Final = RenderedNotebook(
    (
        CellHtml(
            "raw",
            "",
            ("This notebook cannot be shown right now. Reload this page in a while.",),
        ),
    )
)
# Each holds a thread of the server's; further readers are told to come again.
_RENDERING: Final = threading.BoundedSemaphore(CHILDREN)

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredHtml:
    """
    What is stored of a result's notebook as harmless HTML.

    Args:
        notebook: All of it, as `RenderedNotebook.as_text` writes it.
        own_cells: Its student's own cells, as `Excerpt.as_text` writes them.
    """

    notebook: str
    own_cells: str

    @classmethod
    def of(cls, rendered: RenderedNotebook, own_cells: Iterable[int]) -> Self:
        """
        Return what is stored of a rendered notebook.

        Args:
            rendered: All of it.
            own_cells: The student's own cells, from 0.
        """
        return cls(rendered.as_text(), rendered.excerpt(own_cells).as_text())


def rendered_after_grading(report: Report, notebook: str) -> StoredHtml | None:
    """
    Render a report's notebook, as it is stored; ``None`` if that has to wait for a reader.

    Args:
        report: What came of the grading.
        notebook: The JSON of its executed notebook, which is stored, too.
    """
    try:
        rendered = renderer().render(notebook, [each.id for each in report.questions])
        own = chain.from_iterable(each.own_cells for each in report.questions)
        return StoredHtml.of(rendered, own)
    except (RenderError, OSError):
        # A page less is no reason to grade again.
        log.exception("a notebook could not be rendered after grading")
        return None


def rendered_notebook(database: Database, result_id: int) -> RenderedNotebook | None:
    """
    Return a result's notebook as HTML.

    One that an earlier version of the program stored, or that is damaged, is rendered now, in a
    process of its own, and kept. That takes a while, so the caller is in no transaction.

    Args:
        database: Where it is kept.
        result_id: Of which result.

    Returns:
        ``None`` while others are being rendered; `UNAVAILABLE`, which is not kept, if rendering is
        broken.
    """
    with database.read() as session:
        stored = session.scalars(select(Result.rendered).where(Result.id == result_id)).one()
    rendered = None if stored is None else RenderedNotebook.from_text(stored)
    if rendered is not None:
        return rendered
    if not _RENDERING.acquire(blocking=False):
        return None
    try:
        return _render_now(database, result_id)
    except (RenderError, OSError):
        # The rest of the page does not depend on it.
        log.exception("the notebook of result %d could not be rendered", result_id)
        return UNAVAILABLE
    finally:
        _RENDERING.release()


def own_cells(session: Session, result_id: int) -> Excerpt:
    """Return what is stored of a student's own cells; empty for results of earlier versions."""
    return Excerpt.from_text(
        session.scalars(select(Result.own_cells).where(Result.id == result_id)).one()
    )


def _render_now(database: Database, result_id: int) -> RenderedNotebook:
    with database.read() as session:
        result = session.get_one(Result, result_id)
        notebook, tenths = result.notebook, result.question_tenths
        own = _own_cells(result.staff_view)
    # A damaged row's results come after the last cell.
    questions = list(tenths) if isinstance(tenths, dict) else []
    rendered = renderer().render(notebook, questions)
    html = StoredHtml.of(rendered, own)
    with database.write.begin() as session:
        changed = {"rendered": html.notebook, "own_cells": html.own_cells}
        session.execute(update(Result).where(Result.id == result_id).values(**changed))
    return rendered


def _own_cells(staff_view: object) -> list[int]:
    """Return the numbers of a student's own cells, by what is stored of the report."""
    try:
        view = StaffView.from_json(staff_view)  # type: ignore[arg-type]  # a row may hold anything
    except StoredReportError:
        return []
    return [number for question in view.questions for number in question.own_cells]
