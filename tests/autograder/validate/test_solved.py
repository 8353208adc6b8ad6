"""The solved notebook with a sample in it, and without its figures."""

import json

from autograder.assignment import Assignment
from autograder.validate.solved import SolvedNotebook


def sources(text: str) -> list[str]:
    """The sources of a notebook's cells."""
    return [cell["source"] for cell in json.loads(text)["cells"]]


def test_a_variant_stands_right_behind_the_solution(example: Assignment) -> None:
    """A sample's cell follows the solution of its question, before anything uses it."""
    solved = SolvedNotebook(example)

    cells = sources(solved.text("period = None", "q1"))

    assert cells[solved.place("q1")] == "period = None"
    assert cells[solved.place("q1") - 1].startswith("def period(")
    assert len(cells) == len(sources(solved.text())) + 1


def test_figures_and_checks_are_left_out(example: Assignment) -> None:
    """Without figures: no plot of an answer and no otter check; data and solutions stay."""
    solved = SolvedNotebook(example)

    text = "\n".join(sources(SolvedNotebook(example, figures=False).text()))

    assert "axes.plot" in "\n".join(sources(solved.text()))
    assert "axes.plot" not in text
    assert "grader.check" not in text
    assert "np.loadtxt" in text
    assert "def gravity(" in text


def test_cells_keep_their_numbers_without_figures(example: Assignment) -> None:
    """A sample goes to the same place with and without figures."""
    solved = SolvedNotebook(example)

    cells = sources(SolvedNotebook(example, figures=False).text("gravity = None", "q2"))

    assert cells[solved.place("q2")] == "gravity = None"
    assert cells[solved.place("q2") - 1].startswith("def gravity(")


def test_what_later_cells_compute_is_computed_again(example: Assignment) -> None:
    """Assignments that depend on a sample's names are repeated in order, calls are not."""
    solved = SolvedNotebook(example)
    solved._document["cells"] += [
        {"cell_type": "code", "metadata": {}, "source": source}
        for source in (
            "one = period(lengths)\nprint(one)",
            "def twice():\n    return 2 * one",
            "other = lengths\nresult = twice()",
        )
    ]

    again = solved.recomputed("def period(length):\n    return length", "q1")

    assert again == "one = period(lengths)\nresult = twice()"


def test_what_later_cells_define_is_defined_again(example: Assignment) -> None:
    """A sample that also defines a later question's function is overruled, as in a submission."""
    solved = SolvedNotebook(example)
    sample = "def period(length):\n    return 1\n\ndef gravity(lengths, periods):\n    return 1"

    again = solved.recomputed(sample, "q1")

    assert again.startswith("def gravity(lengths, periods):")
    assert "4 * np.pi ** 2 / slope" in again
    assert solved.recomputed(sample, "q2") == ""
