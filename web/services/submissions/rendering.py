"""A result's notebook as harmless HTML: made once, after grading or when it is first looked at."""

from __future__ import annotations

import logging
import threading
from typing import Final

from sqlalchemy import select, update

from autograder.errors import RenderError
from autograder.render.process import CHILDREN
from autograder.render.rendered import CellHtml, RenderedNotebook
from autograder.report import Report
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


def rendered_after_grading(report: Report, notebook: str) -> str | None:
    """
    Render a report's notebook, as it is stored; ``None`` if that has to wait for a reader.

    Args:
        report: What came of the grading.
        notebook: The JSON of its executed notebook, which is stored, too.
    """
    try:
        return renderer().render(notebook, [each.id for each in report.questions]).as_text()
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


def _render_now(database: Database, result_id: int) -> RenderedNotebook:
    with database.read() as session:
        result = session.get_one(Result, result_id)
        notebook, tenths = result.notebook, result.question_tenths
    # A damaged row's results come after the last cell.
    questions = list(tenths) if isinstance(tenths, dict) else []
    rendered = renderer().render(notebook, questions)
    with database.write.begin() as session:
        new = update(Result).where(Result.id == result_id).values(rendered=rendered.as_text())
        session.execute(new)
    return rendered
