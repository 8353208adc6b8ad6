"""On the page of a result a student's own cells stand beside what failed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import nbformat
import pytest
from sqlalchemy import select, update

from autograder.messages import Message, MessageCode
from autograder.render.process import Renderer
from autograder.render.rendered import MAX_EXCERPT, MAX_EXCERPT_LINES, Excerpt, RenderedNotebook
from autograder.report import QuestionResult, Report, SourceLine, TestResult
from autograder.verdict import Verdict
from tests.web.conftest import World, spaced
from tests.web.services.submissions.test_queue import queue
from web.db import now
from web.models import CourseAssignment, Result, Submission
from web.services.submissions.queue import SubmissionQueue
from web.services.submissions.rendering import StoredHtml

CODE = "def forward(x):\n    return x < 1"
PROOF = "Let $x_1$ be so. <script>alert(1)</script>"
OPEN = re.compile(r'<details class="own" open>')


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """Return one renderer for all of them."""
    with Renderer() as running:
        yield running


def result_of(question: str, verdict: Verdict, *, public: bool) -> TestResult:
    """Make a test's result; one that raised names the second line of cell 2."""
    raised = verdict is Verdict.ERROR
    message = Message(MessageCode.RAISED_AT, {"exception": "ValueError", "cell": 2, "line": 2})
    return TestResult(
        f"{question}-{public}",
        question,
        "Any shape.",
        verdict,
        public,
        Fraction(1),
        message=message if raised else None,
        line=SourceLine(2, 2, "return x < 1") if raised else None,
    )


def report_on(submission: Submission, *cells: nbformat.NotebookNode) -> Report:
    """Make a report: question 1 passed, 2 raised in a hidden test, 7 is written."""
    passed = (result_of("q1", Verdict.PASSED, public=True),)
    raised = (
        result_of("q2", Verdict.PASSED, public=True),
        result_of("q2", Verdict.ERROR, public=False),
    )
    questions = (
        QuestionResult(
            "q1",
            Fraction(5),
            Fraction(5),
            Verdict.PASSED,
            passed,
            own_cells=(0,),
            title="Two units",
        ),
        QuestionResult(
            "q2",
            Fraction(3),
            Fraction(1),
            Verdict.ERROR,
            raised,
            own_cells=(1,),
            title="forward(x)",
        ),
        QuestionResult("q7", Fraction(2), None, Verdict.PENDING, answer_cells=(2,), own_cells=(2,)),
    )
    notebook = nbformat.v4.new_notebook()
    notebook.cells = list(cells)
    content = submission.snapshot.content_hash
    return Report("xor", "XOR", content, "0" * 64, 1, questions, (), notebook)


def cells_of(code: str = CODE) -> tuple[nbformat.NotebookNode, ...]:
    """Make three cells."""
    v4 = nbformat.v4
    return v4.new_code_cell("a = 1"), v4.new_code_cell(code), v4.new_markdown_cell(PROOF)


def graded(world: World, renderer: Renderer, *, rendered: bool = True) -> str:
    """Grade a submission of the student's, with its HTML or without; returns its public id."""
    (public_id,) = queue(world, "Student")
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        report = report_on(submission, *cells_of())
        notebook = json.dumps(report.notebook)
        claim = SubmissionQueue().claim(session, "w")
        assert claim is not None
        own = [number for each in report.questions for number in each.own_cells]
        html = StoredHtml.of(renderer.render(notebook, ["q1", "q2", "q7"]), own)
        assert SubmissionQueue().finish(
            session, claim, report, notebook, html if rendered else None
        )
    return public_id


def card(page: str, question: str) -> str:
    """Return the part of a page that tells of one question."""
    return spaced(page.partition(f'id="{question}"')[2].partition("</section>")[0])


@pytest.mark.parametrize("who", ["student", "grader"])
def test_the_code_stands_beside_what_failed(world: World, renderer: Renderer, who: str) -> None:
    """Open where something failed, folded where all passed; its line is marked, its cell linked."""
    public_id = graded(world, renderer)
    staff = "/staff" if who == "grader" else ""
    page = world.client(who).get(f"{staff}/submissions/{public_id}/").text
    good, bad, written = (card(page, question) for question in ("q1", "q2", "q7"))

    assert "Question 2: forward(x)</h3>" in bad
    assert OPEN.search(bad)
    assert '<span class="hll"><span class="linenos">2' in bad
    assert f'href="/submissions/{public_id}/notebook?full=1' in bad
    assert "#cell-2" in bad
    assert "own" in good
    assert not OPEN.search(good)
    assert ("Submitted answer" if staff else "Your answer") in written
    assert not OPEN.search(written)
    assert "<math" in written
    assert "<script" not in written


def test_the_cell_that_is_linked_is_there(world: World, renderer: Renderer) -> None:
    """The executed notebook has a place for each cell."""
    public_id = graded(world, renderer)
    page = world.client("student").get(f"/submissions/{public_id}/notebook?full=1").text

    assert page.count('id="cell-2"') == 1


def test_what_is_open_tells_nothing_hidden(world: World, renderer: Renderer) -> None:
    """While results are hidden, a question whose visible tests pass looks like any other."""
    public_id = graded(world, renderer)
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().results_at = now() + timedelta(days=1)
    page = world.client("student").get(f"/submissions/{public_id}/").text

    assert "def" in card(page, "q2")
    assert not OPEN.search(page)
    assert "hll" not in page


@pytest.mark.parametrize("stored", [None, "", "[]", '{"version": 1, "cells": {"1": {}}}'])
def test_results_of_earlier_versions_stand_without_it(
    world: World, renderer: Renderer, stored: str | None
) -> None:
    """What is not there, or is damaged, is left out; all else is as it was."""
    public_id = graded(world, renderer, rendered=False)
    with world.database.write.begin() as session:
        session.execute(update(Result).values(own_cells=stored))
    page = world.client("student").get(f"/submissions/{public_id}/").text

    assert "Your code raised ValueError" in page
    assert 'class="own"' not in page


def test_what_is_rendered_later_is_there_later(world: World, renderer: Renderer) -> None:
    """Where rendering had to wait for a reader of the notebook, it gives both."""
    public_id = graded(world, renderer, rendered=False)
    client = world.client("student")
    client.get(f"/submissions/{public_id}/notebook")

    assert "def" in card(client.get(f"/submissions/{public_id}/").text, "q2")


@pytest.mark.parametrize(
    "code",
    ["x = 1\n" * 5000, f"x = '{'<' * 40_000}'", "a = 1;" * 20_000, "x = '<'\n" * 5000],
    ids=["many lines", "a long line", "more than is coloured", "many signs"],
)
def test_there_is_a_bound(renderer: Renderer, code: str) -> None:
    """What is longer than a page should be is cut at a line's end, and says so."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = list(cells_of(code))
    rendered = renderer.render(json.dumps(notebook), [])
    excerpt = rendered.excerpt(range(-5, 50))
    again = Excerpt.from_text(excerpt.as_text())

    assert again == excerpt
    assert [*again.cells] == [0, 1, 2]
    assert sum(cell.size for cell in again.cells.values()) <= MAX_EXCERPT
    assert again.cells[1].notes
    code_shown = again.cells[1].code
    assert code_shown is None or code_shown.lines.count("\n") <= MAX_EXCERPT_LINES
    assert again.cells[1].shown().count("<span") == again.cells[1].shown().count("</span>")


def test_outputs_are_left_out(renderer: Renderer) -> None:
    """They may be megabytes of pictures, and stand in the executed notebook."""
    shown = nbformat.v4.new_output("stream", text="PRINTED")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [replace_outputs(each, shown) for each in cells_of()]
    rendered = renderer.render(json.dumps(notebook), [])

    assert "PRINTED" in rendered.as_text()
    assert "PRINTED" not in rendered.excerpt([0, 1, 2]).as_text()
    assert replace(rendered, cells=()).excerpt([0]) == RenderedNotebook(()).excerpt([]) == Excerpt()


def replace_outputs(
    cell: nbformat.NotebookNode, output: nbformat.NotebookNode
) -> nbformat.NotebookNode:
    """Give a code cell an output."""
    if cell.cell_type == "code":
        cell.outputs = [output]
    return cell
