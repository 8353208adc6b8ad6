"""Statistics of an assignment: what a class has understood."""

from __future__ import annotations

from flask import render_template, request

from web.blueprints.resources import assignment_for
from web.blueprints.staff.blueprint import bp
from web.charts import histogram_chart, rate_chart
from web.http import db
from web.policy import Action
from web.services.gradebook.class_results import Which, class_statistics


@bp.get("/courses/<slug>/staff/assignments/<name>/statistics")
def show_statistics(slug: str, name: str) -> str:
    """Show points, success rates, discrimination and misconceptions."""
    assignment = assignment_for(slug, name, Action.SEE_STAFF_PAGES)
    which = Which.FIRST if request.args.get("attempts") == Which.FIRST else Which.COUNTED
    numbers = class_statistics(db(), assignment, which)
    rates = [(question.id, question.success) for question in numbers.questions]
    summary = numbers.summary
    return render_template(
        "staff/statistics.html",
        course=assignment.course,
        assignment=assignment,
        numbers=numbers,
        points_chart=summary and histogram_chart(numbers.histogram, summary),
        questions_chart=rate_chart(rates, "Success rates of the questions, one bar each."),
    )
