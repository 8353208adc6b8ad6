"""The form that grades an answer, and the answer beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from flask import request
from markupsafe import Markup

from web.db import LARGEST_INTEGER
from web.http import end_transaction, portal
from web.models import ManualGrade, SnapshotQuestion, Submission
from web.rendering import answer_html
from web.services.grading import written_answers
from web.services.grading.results import answer_cells
from web.services.grading.written_answers import Entered
from web.services.submissions.rendering import rendered_notebook


@dataclass(frozen=True)
class Fields:
    """What stands in the form; names are those of `Entered`, points as they were typed."""

    version: int = 0
    items: tuple[int, ...] = ()
    points: str = ""
    reason: str = ""
    comment: str = ""
    rubric: str = ""

    @classmethod
    def saved(cls, question: SnapshotQuestion, grade: ManualGrade | None) -> Self:
        """Return what was saved; of the rubric those items that read as they did then."""
        if grade is None:
            return cls()
        rubric = [each.text for each in question.current_rubric]
        items = tuple(each.index for each in grade.items if each.text in rubric[each.index :][:1])
        follows = bool(items) and written_answers.rubric_sum(question, items) == grade.points_tenths
        points = "" if follows else f"{grade.points_tenths / 10:g}"
        return cls(grade.version, items, points, grade.reason, grade.comment)

    @classmethod
    def typed(cls) -> Self:
        """Return what came with the request."""
        return cls(
            # What no column can hold is no version of ours.
            min(max(request.form.get("version", 0, type=int), 0), LARGEST_INTEGER),
            tuple(request.form.getlist("item", type=int)),
            request.form.get("points", ""),
            request.form.get("reason", ""),
            request.form.get("comment", ""),
            request.form.get("rubric", ""),
        )

    def with_comment(self, text: str) -> Self:
        """Put a saved comment behind what is written already."""
        return replace(self, comment=f"{self.comment.rstrip()}\n\n{text}".strip())

    def entered(self, points_tenths: int | None) -> Entered:
        """Give it to the use case."""
        return Entered(
            self.version, self.items, points_tenths, self.reason, self.comment, self.rubric
        )


@dataclass(frozen=True)
class ShownAnswer:
    """
    A written answer as harmless HTML.

    Args:
        html: Of its cells; ``None`` while the notebook is being rendered.
        whole: Whether no answer cell was found, so that it is the whole notebook.
    """

    html: Markup | None
    whole: bool = False


def shown_answer(submission: Submission, question_id: str) -> ShownAnswer:
    """Show the answer to a question; ends the request's transaction."""
    result = submission.result
    assert result is not None
    marked = answer_cells(result, question_id)
    # Should it be rendered now, nobody waits for that.
    end_transaction()
    notebook = rendered_notebook(portal().database, result.id)
    if notebook is None:
        return ShownAnswer(None)
    count = len(notebook.cells)
    cells = [each for each in marked if each < count]
    whole = not cells or len(cells) == count
    return ShownAnswer(answer_html(notebook, range(count) if whole else cells), whole)
