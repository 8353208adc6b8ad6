"""Master notebooks in otter-assign's format: what they say, and what is wrong in them, by line."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment.master import defined_names, imported_packages, number_of, read_master
from autograder.errors import AssignmentError
from tests.autograder.conftest import CELLS, with_cell

MakeAssignment = Callable[..., Path]
Cells = list[tuple[str, str]]


def test_sound_master(make_assignment: MakeAssignment) -> None:
    """Questions, points, public tests, solutions and given cells are read."""
    master = read_master(make_assignment() / "tiny.ipynb")
    first, second = master.questions
    assert master.assignment_name == "tiny"
    assert (first.id, first.points, first.manual) == ("q1", Fraction(3), False)
    assert (second.id, second.points, second.manual) == ("q2", Fraction(2), True)
    assert [(test.name, test.title) for test in first.public_tests] == [
        ("test_double_of_two", "Two becomes four.")
    ]
    assert first.public_tests[0].parameters == ("double", "helper")
    assert master.solution_names == {"double"}
    assert [cell.source.splitlines()[0] for cell in master.given] == ["import numpy as np"]
    assert master.packages == {"numpy"}


def test_test_cells_that_call_their_test(make_assignment: MakeAssignment) -> None:
    """A test cell may call its function, as otter's documentation shows it."""
    cells = with_cell(CELLS, '"2 becomes 4"', '"2 becomes 4"\n\ntest_double_of_two(double, helper)')
    master = read_master(make_assignment(cells=cells) / "tiny.ipynb")
    assert master.questions[0].public_tests[0].name == "test_double_of_two"


def inserted(number: int, *cells: tuple[str, str]) -> Cells:
    """Insert cells before one of the tiny notebook's."""
    return [*CELLS[:number], *cells, *CELLS[number:]]


def without(number: int) -> Cells:
    """Leave one cell of the tiny notebook out."""
    return [*CELLS[:number], *CELLS[number + 1 :]]


QUESTION, END_QUESTION = ("raw", "# BEGIN QUESTION\npoints: 1"), ("raw", "# END QUESTION")
BROKEN: dict[str, tuple[Cells, int, str]] = {
    "a question ends that never began": (inserted(3, END_QUESTION), 3, "ends that never began"),
    "a question ends twice": (inserted(12, END_QUESTION), 12, "ends that never began"),
    "a question in a question": (inserted(4, CELLS[12]), 4, "begins inside another"),
    "the second question has no name": (
        with_cell(CELLS, "name: q2\n", ""),
        12,
        "a question has no name",
    ),
    "a question called 3": (with_cell(CELLS, "name: q2", "name: 3"), 12, "has no name"),
    "a name with blanks": (with_cell(CELLS, "name: q2", "name: q 2"), 12, "'q 2' is no name"),
    "one name twice": (with_cell(CELLS, "name: q2", "name: q1"), 12, "called 'q1'"),
    "points as text": (with_cell(CELLS, "points: 2", "points: two"), 12, "must be a number"),
    "points below 0": (with_cell(CELLS, "points: 2", "points: -2"), 12, "must be a number"),
    "points without number": (with_cell(CELLS, "points: 2", "points: .nan"), 12, "be a number"),
    "points without end": (with_cell(CELLS, "points: 2", "points: .inf"), 12, "be a number"),
    "points as truth value": (with_cell(CELLS, "points: 2", "points: yes"), 12, "be a number"),
    "a misspelt key": (with_cell(CELLS, "manual: true", "manuel: true"), 12, "key 'manuel'"),
    "a key of otter's": (
        with_cell(CELLS, "manual: true", "all_or_nothing: true"),
        12,
        "key 'all_or_nothing'",
    ),
    "bad YAML": (with_cell(CELLS, "points: 2", "points: [2"), 12, "is not valid YAML"),
    "YAML that is a list": (with_cell(CELLS, "name: q2\npoints: 2\nmanual: true", "- 1"), 12, "no"),
    "bad YAML in the settings": (with_cell(CELLS, "name: tiny", "name: {"), 0, "not valid YAML"),
    "tests outside of a question": (inserted(3, CELLS[8], CELLS[9], CELLS[10]), 3, "out of place"),
    "tests in a solution": (inserted(6, CELLS[8]), 6, "BEGIN TESTS is out of place"),
    "another block's end": (inserted(7, ("raw", "# END TESTS")), 7, "END TESTS is out of place"),
    "an end without a beginning": (without(5), 5, "a solution stands outside"),
    "tests that never end": (without(10), 10, "ends within its TESTS block"),
    "a question that never ends": (CELLS[:-1], 12, "the block QUESTION is never closed"),
    "a block that never ends": (CELLS[:-2], 14, "the block SOLUTION is never closed"),
    "a solution outside": (
        inserted(3, ("code", "y = 1\nx = 1  # SOLUTION")),
        3,
        "a solution stands outside",
    ),
    "a test that is no function": (
        with_cell(CELLS, CELLS[9][1], "assert double(2) == 4"),
        9,
        "one function",
    ),
    "a test that does not parse": (with_cell(CELLS, CELLS[9][1], "def f(:"), 9, "one function"),
    "an empty test": (with_cell(CELLS, CELLS[9][1], "# nothing"), 9, "one function"),
}


PLUGIN = "plugins:\n    - out.autograder.tests.q1.Plugin"
SETTINGS = CELLS[0][1]
# What makes otter-assign import code of the notebook's, or read and write files of the host.
BROKEN |= {
    "plugins": (
        with_cell(CELLS, SETTINGS, f"{SETTINGS}\n{PLUGIN}"),
        0,
        "unknown setting 'plugins'",
    ),
    "another file of settings": (
        with_cell(CELLS, "init_cell: true", "config_file: /etc/passwd"),
        0,
        "unknown setting 'config_file'",
    ),
    "a number as a key": (with_cell(CELLS, "init_cell", "3"), 0, "unknown setting 3"),
    "a file for the tests": (
        with_cell(CELLS, "    files: false", "    url_prefix: x"),
        0,
        "unknown setting 'url_prefix' of tests",
    ),
    "no table of tests": (
        with_cell(CELLS, "\n    ok_format: false\n    files: false", " true"),
        0,
        "'tests' must be a table",
    ),
    "plugins of the autograder": (
        with_cell(CELLS, "generate: false", "generate: {plugins: [os]}"),
        0,
        "'generate' must be false",
    ),
    "solutions are run": (
        with_cell(CELLS, "run_tests: false", "run_tests: true"),
        0,
        "'run_tests' must be false",
    ),
    "a number as a switch": (with_cell(CELLS, "init_cell: true", "init_cell: 1"), 0, "true or fa"),
    "a name that is no text": (with_cell(CELLS, "name: tiny", "name: [.., x]"), 0, "must be text"),
    "an object as a value": (
        with_cell(CELLS, "name: tiny", "name: !!python/name:os.system"),
        0,
        "is not valid YAML",
    ),
    "settings twice": (inserted(3, ("raw", f"# assignment config\n{PLUGIN}")), 3, "'plugins'"),
    "settings with blanks": (
        inserted(3, ("raw", f"#  Assignment \t config\n{PLUGIN}")),
        3,
        "'plugins'",
    ),
    "settings of another word": (
        inserted(3, ("raw", f"# ASSIGNMENT CONFIGS\n{PLUGIN}")),
        3,
        "'plugins'",
    ),
    "settings in the first line": (
        inserted(3, ("raw", f"# ASSIGNMENT CONFIG {{name: '\n{PLUGIN}\n#'}}")),
        3,
        "'plugins'",
    ),
    "settings in Markdown": (
        inserted(3, ("markdown", f"Hello\n\n```otter\n# ASSIGNMENT CONFIG\n{PLUGIN}\n```\n")),
        3,
        "not behind ```otter",
    ),
    "settings in code": (inserted(3, ("code", '"""\n ```otter \n```\n"""')), 3, "not behind"),
    # Their names are names of files that otter-assign writes.
    "a question of another word": (
        inserted(3, ("raw", "# BEGIN QUESTIONS\nname: ../../q3"), END_QUESTION),
        3,
        "'../../q3' is no name",
    ),
    "a name in a name": (
        inserted(3, ("raw", "# BEGIN QUESTION {name: q3, export: '\nname: ../q3'}"), END_QUESTION),
        3,
        "is no name",
    ),
}


@pytest.mark.parametrize(("cells", "number", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_master(
    make_assignment: MakeAssignment, cells: Cells, number: int, reason: str
) -> None:
    """What is wrong is named by the line of the cell in which it is, in one line."""
    path = make_assignment(cells=cells) / "tiny.ipynb"
    with pytest.raises(AssignmentError) as caught:
        read_master(path)
    message = str(caught.value)
    assert reason in message
    assert len(message.splitlines()) == 1
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [line for line, text in enumerate(lines, 1) if '"cell_type"' in text]
    place = int(caught.value.place.removeprefix(f"{path}:"))
    assert starts[number] <= place < [*starts, len(lines) + 1][number + 1]


def test_no_notebook(tmp_path: Path) -> None:
    """A file that is no notebook is named."""
    path = tmp_path / "tiny.ipynb"
    path.write_text("hello")
    with pytest.raises(AssignmentError, match=r"tiny\.ipynb: .*not JSON"):
        read_master(path)


def test_name_of_another_folder(make_assignment: MakeAssignment) -> None:
    """A notebook that calls itself by another name than its folder is refused when it is loaded."""
    from autograder.assignment import load_assignment

    folder = make_assignment(cells=with_cell(CELLS, "name: tiny", "name: titan"))
    with pytest.raises(AssignmentError, match=r"tiny.ipynb:\d+: the notebook calls itself 'titan'"):
        load_assignment(folder)


def test_places_of_other_alphabets(make_assignment: MakeAssignment) -> None:
    """A line is found whether the file holds its characters as they are or escaped."""
    source = '# BEGIN QUESTION\nname: "größe"\npoints: -1'
    cells = inserted(12, ("raw", source), END_QUESTION)
    path = make_assignment(cells=cells) / "tiny.ipynb"
    plain = read_error(path)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    assert read_error(path) == plain
    assert plain.startswith(f"{path}:")


def read_error(path: Path) -> str:
    """Return the place of what is wrong in a master."""
    with pytest.raises(AssignmentError) as caught:
        read_master(path)
    return caught.value.place


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): g = 1", ["f"]),
        ("class A: b = 1", ["A"]),
        ("a = b = 1; c: int = 2; d += 1", ["a", "b", "c", "d"]),
        ("x, (y, *z) = 1, (2, 3)", ["x", "y", "z"]),
        ("import a.b, c as d; from e import f as g, h", ["a", "d", "g", "h"]),
        ("for i in range(3): j = i", ["i", "j"]),
        ("with open('x') as file: pass", ["file"]),
        ("if (n := 3): pass", ["n"]),
        ("%matplotlib inline", []),
    ],
)
def test_defined_names(source: str, names: list[str]) -> None:
    """The names are those that a cell's top level binds."""
    assert sorted(defined_names(source)) == names


@pytest.mark.parametrize(
    ("source", "packages"),
    [
        ("import numpy as np, os.path", ["numpy", "os"]),
        ("def f():\n    from scipy.special import erf", ["scipy"]),
        ("from . import local", []),
        ("%matplotlib inline\nimport numpy", ["numpy"]),
        ("import numpy\nfrom", []),
    ],
)
def test_imported_packages(source: str, packages: list[str]) -> None:
    """What a cell imports, at any depth; magics do not hide it."""
    assert sorted(imported_packages(source)) == packages


@given(
    st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(), st.lists(st.none()))
)
def test_number_of(value: object) -> None:
    """A number is taken as it is written: 0.1 is a tenth; what is no number is None."""
    taken = number_of(value)
    if taken is not None:
        assert isinstance(value, int | float)
        assert taken == Fraction(repr(value))
    else:
        finite = isinstance(value, float) and value - value == 0
        assert not finite
        assert isinstance(value, bool) or not isinstance(value, int)
