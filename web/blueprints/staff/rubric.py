"""Change a question's rubric, with a preview of what that does to what has been graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import tenths_field
from web.blueprints.staff.grading_lookups import answer_in, question_for, to_answer, to_answers
from web.http import db, signed_in, writing
from web.models import CourseAssignment, SnapshotQuestion
from web.policy import Action, allowed
from web.services.errors import RuleError
from web.services.grading import rubric_changes, rubrics
from web.services.grading.rubric_changes import MOST_ITEMS, EditedItem, RubricEffect

_NEW_ROWS: Final = 3


@dataclass(frozen=True)
class Row:
    """
    A row of the form, as it is filled in.

    Args:
        was: The item's number in the present rubric, or nothing for a new one.
        points: As they were typed.
        text: What it is for.
        removed: Whether it is ticked to be removed.
    """

    was: str = ""
    points: str = ""
    text: str = ""
    removed: bool = False

    @property
    def empty(self) -> bool:
        """Whether a row for a new item was left as it was."""
        return not (self.was or self.points.strip() or self.text.strip())


class _UnconfirmedError(Exception):
    """Saving would change grades, which has not been shown to who saves."""

    def __init__(self, effect: RubricEffect) -> None:
        super().__init__()
        self.effect = effect


@bp.get("/courses/<slug>/staff/grading/<name>/<question_id>/rubric")
def edit_rubric(slug: str, name: str, question_id: str) -> str:
    """Show the rubric of a written question, to be changed."""
    assignment, question = question_for(slug, name, question_id)
    rows = [
        Row(str(number), f"{item.points_tenths / 10:g}", item.text)
        for number, item in enumerate(question.current_rubric)
    ]
    return _page(assignment, question, rows)


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/rubric")
def change_rubric(slug: str, name: str, question_id: str) -> str | Response | tuple[str, int]:
    """Change the rubric; if points of graded answers follow from it, they are shown before."""
    assignment, question = question_for(slug, name, question_id)
    rows = _typed()
    try:
        edited = _edited(rows)
        with writing() as session:
            effect = _confirmed(assignment, question, edited)
            rubric_changes.save(session, signed_in(), assignment, effect)
    except _UnconfirmedError as unconfirmed:
        return _page(assignment, question, rows, effect=unconfirmed.effect)
    except RuleError as error:
        return _page(assignment, question, rows, problem=str(error)), 400
    flash("Rubric saved.", "good")
    submission = answer_in(assignment, request.args.get("answer", ""))
    if submission is not None:
        return to_answer(assignment, question_id, submission)
    return to_answers(assignment, question_id)


def _confirmed(
    assignment: CourseAssignment, question: SnapshotQuestion, edited: Sequence[EditedItem]
) -> RubricEffect:
    """Return what the change does, if who saves has seen that, or nobody's points change."""
    # Somebody may have changed it since the request began.
    question = rubrics.with_rubric(db(), assignment, question)
    if request.form.get("rubric") != question.rubric_version:
        raise RuleError(
            "Somebody else has changed the rubric since you opened this page. Reload the page, "
            "then make your change again."
        )
    effect = rubric_changes.effect_of(db(), assignment, question, edited)
    if not effect.changed:
        return effect
    if effect.seen and not allowed(db(), signed_in(), Action.RELEASE_GRADES, assignment):
        raise RuleError(
            f"This would change {effect.seen} released "
            f"{'grade' if effect.seen == 1 else 'grades'}. Ask an instructor to do it."
        )
    if request.form.get("confirmed") != effect.token:
        raise _UnconfirmedError(effect)
    return effect


def _typed() -> list[Row]:
    """Return the form's rows."""
    # Untrusted: how many there are, and what stands in them; the service checks it.
    count = min(max(request.form.get("rows", 0, type=int), 0), MOST_ITEMS + _NEW_ROWS)
    return [
        Row(
            request.form.get(f"was-{number}", ""),
            request.form.get(f"points-{number}", ""),
            request.form.get(f"text-{number}", ""),
            request.form.get(f"remove-{number}") == "1",
        )
        for number in range(count)
    ]


def _edited(rows: Sequence[Row]) -> list[EditedItem]:
    found = []
    for number, row in enumerate(rows):
        if row.removed or row.empty:
            continue
        points = tenths_field(f"points-{number}", f"Points of item {number + 1}")
        if points is None:
            raise RuleError(f"Item {number + 1} needs points; 0 is a remark.")
        was = int(row.was) if row.was.isascii() and row.was.isdigit() else None
        found.append(EditedItem(was, points, row.text))
    return found


def _page(
    assignment: CourseAssignment,
    question: SnapshotQuestion,
    rows: list[Row],
    *,
    effect: RubricEffect | None = None,
    problem: str = "",
) -> str:
    spare = _NEW_ROWS - sum(row.empty for row in rows)
    return render_template(
        "staff/rubric.html",
        course=assignment.course,
        assignment=assignment,
        question=question,
        rows=rows + [Row()] * max(spare, 0),
        effect=effect,
        problem=problem,
    )
