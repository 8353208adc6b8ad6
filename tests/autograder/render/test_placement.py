"""Each question's result stands after its answer, wherever students have moved it."""

from __future__ import annotations

from autograder.render.placement import AT_THE_END, places


def test_after_the_check(make) -> None:
    """The cell that calls a question's public tests is the last of its answer."""
    cells = [make.text("### Question 1"), make.code("a = 1"), make.code('grader.check("q1")')]

    assert places(cells, ["q1"]) == {"q1": 2}


def test_a_cell_that_only_checks_comes_first(make) -> None:
    """A cell in which a student runs all checks at once is not the place."""
    every = "grader.check('q1'); grader.check('q2')"
    cells = [make.code(every), make.code("grader.check( 'q1' )"), make.code(every)]

    assert places(cells, ["q1", "q2", "q11"]) == {"q1": 1, "q2": 0, "q11": AT_THE_END}


def test_text_about_a_check_is_no_check(make) -> None:
    """Only code runs checks."""
    cells = [make.text('Run `grader.check("q1")`.'), make.text("a")]

    assert places(cells, ["q1"]) == {"q1": AT_THE_END}


def test_below_the_heading(make) -> None:
    """Without a check, the place is before the next heading of the same level."""
    cells = [
        make.text("## Part\n\n### Question 1: a layer (3 points)"),
        make.code("# not a heading"),
        make.text("#### My thoughts"),
        make.text("### Question 12"),
        make.text("**Question 2**"),
        make.text("a"),
    ]

    assert places(cells, ["q1", "q12", "q2"]) == {"q1": 2, "q12": 5, "q2": 5}


def test_before_the_marker(make) -> None:
    """A written question ends at its marker."""
    cells = [
        make.text("<!-- BEGIN QUESTION -->\n\n### Question 1"),
        make.text("My answer"),
        make.text("<!-- END QUESTION -->\n\nThe data come from a test beam."),
    ]

    assert places(cells, ["q1"]) == {"q1": 1}


def test_nowhere(make) -> None:
    """A question of which nothing is left comes at the end, in an empty notebook too."""
    assert places([make.text("a")], ["q1"]) == {"q1": AT_THE_END}
    assert places([], ["q1"]) == {"q1": AT_THE_END}


def test_long_cells(make) -> None:
    """The time to place a result grows with a cell's length alone: a square would take an hour."""
    space = " " * 1_000_000
    cells = [
        make.code(f"grader.check('q1'){space}# x"),
        make.code(f"grader.check({space}'q1'{space})"),
        make.code("grader.check(" * 100_000),
        make.text("#" * 500_000 + f"{space}Question 1"),
        make.text(f"{space}\n" * 2),
    ]

    assert places(cells, ["q1"]) == {"q1": 0}
