"""Assignment folders: a sound one is loaded, a broken one is named by file and line."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from autograder.assignment import content_hash, find_assignment, load_assignment, public_data
from autograder.assignment.public_tests import public_test_module
from autograder.environments import SHIPPED
from autograder.errors import AssignmentError
from autograder.examiner.process import Examiner
from tests.autograder.conftest import CELLS, HIDDEN_TEST, TOML, with_cell

MakeAssignment = Callable[..., Path]


def line_of(path: Path, text: str) -> int:
    """Find the first line of a file that holds a text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def refusal(folder: Path) -> str:
    """Load what must be refused, and give the reason, which is one line."""
    with pytest.raises(AssignmentError) as caught:
        load_assignment(folder)
    message = str(caught.value)
    assert message.startswith(f"{caught.value.place}: ")
    assert len(message.splitlines()) == 1
    return message.replace(f"{folder}/", "")


def test_sound_folder(make_assignment: MakeAssignment) -> None:
    """A sound folder gives questions, points, shares, limits, rubric and hidden tests."""
    assignment = load_assignment(make_assignment(files={"data/a.txt": "1", "data/.x": "2"}))
    assert (assignment.name, assignment.title) == ("tiny", "Tiny")
    assert assignment.points == 5
    assert [question.id for question in assignment.questions] == ["q1", "q2"]
    assert assignment.public_share == {"q1": Fraction(1, 5), "q2": 0}
    assert assignment.limits.cell_seconds == 10
    assert assignment.limits.total_seconds == 300
    assert assignment.stretched(1.5).limits.cell_seconds == 15
    assert [item.text for item in assignment.rubric["q2"]] == ["Says why."]
    assert [path.name for path in assignment.hidden_tests] == ["test_tiny.py"]
    assert [name for name, _ in public_data(assignment.folder)] == ["data/.x", "data/a.txt"]


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "assignment.toml", "nowhere"])
@pytest.mark.parametrize("name", ["data/leak.txt", "hidden/.leak", "leak", "__pycache__/leak"])
def test_links_are_refused(make_assignment: MakeAssignment, name: str, target: str) -> None:
    """A link, wherever it stands and wherever it ends, is named; nothing is read through it."""
    folder = make_assignment()
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(target)
    assert refusal(folder).startswith(f"{name}: is a symbolic link; ")


def test_special_files_are_refused(make_assignment: MakeAssignment) -> None:
    """A pipe is named, not waited for."""
    folder = make_assignment(files={"data/a.txt": "1"})
    os.mkfifo(folder / "data" / "pipe")
    assert refusal(folder).startswith("data/pipe: is no ordinary file; ")


@pytest.mark.parametrize("name", ["assignment.toml", "tiny.ipynb", "hidden", "misconceptions.py"])
def test_links_in_place_of_parts_are_refused(make_assignment: MakeAssignment, name: str) -> None:
    """So is one in place of what an assignment consists of."""
    folder = make_assignment(files={"misconceptions.py": ""})
    (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")
    assert refusal(folder).startswith(f"{name}: is a symbolic link; ")


def test_the_folder_itself_may_be_a_link(make_assignment: MakeAssignment) -> None:
    """Where assignments are is the operator's choice."""
    folder = make_assignment()
    (folder.parent / "offers").mkdir()
    (folder.parent / "offers" / "tiny").symlink_to(folder)
    assert load_assignment(folder.parent / "offers" / "tiny").title == "Tiny"


def test_content_hash(make_assignment: MakeAssignment) -> None:
    """The hash changes with every file that decides about marks, and with nothing else."""
    folder = make_assignment()
    before = content_hash(folder)
    (folder / "hidden" / "__pycache__").mkdir()
    (folder / "hidden" / "__pycache__" / "test_tiny.pyc").write_bytes(b"x")
    assert content_hash(folder) == before
    for name in ("hidden/test_tiny.py", "tiny.ipynb", "assignment.toml", "hidden/data.csv"):
        with (folder / name).open("a") as file:
            file.write("\n")
        assert content_hash(folder) != before
        before = content_hash(folder)


def test_find(make_assignment: MakeAssignment, monkeypatch: pytest.MonkeyPatch) -> None:
    """An assignment is found by path, or by name under assignments/, from any folder."""
    folder = make_assignment()
    monkeypatch.chdir(folder.parent)
    assert find_assignment("tiny") == folder
    assert find_assignment(str(folder)) == folder
    assert find_assignment("xor").name == "xor"
    with pytest.raises(AssignmentError, match=r"^nowhere: no such assignment$"):
        find_assignment("nowhere")


def changed(old: str, new: str, text: str = TOML) -> str:
    """Replace a text that must be there."""
    assert old in text
    return text.replace(old, new)


TOMLS = {
    "no TOML": ("title = ", "", "is not valid TOML"),
    "half a string": (changed('"Tiny"', '"Tiny'), "Tiny", "is not valid TOML"),
    "unknown key": ("colour = 3\n" + TOML, "colour", "unknown key 'colour'"),
    "unknown table": (TOML + "\n[grading]\nq1 = 1\n", "[grading]", "unknown key 'grading'"),
    "key with a typo": (changed("points = 5", "point = 5"), "point = 5", "did you mean 'points'?"),
    "limit with a typo": (
        changed("call_seconds", "call_second"),
        "call_second",
        "did you mean 'call_seconds'?",
    ),
    "unknown limit": (
        changed("call_seconds", "speed"),
        "speed",
        "unknown limit 'speed'",
    ),
    "no title": (changed('title = "Tiny"\n', ""), "", "the key 'title' is missing"),
    "no environment": (changed('environment = "numpy"\n', ""), "", "'environment' is missing"),
    "title that is a number": (changed('"Tiny"', "3"), "title", "wrong type"),
    "points that do not add up": (changed("points = 5", "points = 6"), "points = 6", "add up to 5"),
    "points as a truth value": (
        changed("points = 5", "points = true"),
        "points = true",
        "wrong type",
    ),
    "points without a number": (
        changed("points = 5", "points = nan"),
        "points = nan",
        "add up to 5",
    ),
    "unknown environment": (changed('"numpy"', '"torch"'), "environment", "named 'torch'"),
    "environment by a path": (
        changed('"numpy"', '"../environments/numpy"'),
        "environment",
        "named '../environments/numpy'",
    ),
    "environment by a whole path": (
        changed('"numpy"', f'"{SHIPPED / "numpy"}"'),
        "environment",
        "no environment named",
    ),
    "limit of nothing": (changed("= 10", "= 0"), "cell_seconds", "a number above 0"),
    "negative limit": (changed("= 10", "= -1"), "cell_seconds", "a number above 0"),
    "limit without a number": (changed("= 10", "= nan"), "cell_seconds", "a number above 0"),
    "limit without an end": (changed("= 10", "= inf"), "cell_seconds", "a number above 0"),
    "limit as a truth value": (changed("= 10", "= true"), "cell_seconds", "a number above 0"),
    "limit as text": (changed("= 10", "= '10'"), "cell_seconds", "a number above 0"),
    "half a megabyte": (
        changed("cell_seconds = 10", "memory_mb = 0.5"),
        "memory_mb",
        "must be an integer",
    ),
    "limits of one line": (
        "limits = { memory_mb = 512, speed = 3 }\n" + TOML.partition("[limits]")[0],
        "limits",
        "unknown limit 'speed'",
    ),
    "no seeds": ("hidden_seeds = 0\n" + TOML, "hidden_seeds", "one seed is needed"),
    "share of an unknown question": (
        TOML + "[public_share]\nq9 = 0.5\n",
        "q9",
        "there is no question 'q9'",
    ),
    "share above one": (TOML + "[public_share]\nq1 = 1.5\n", "q1 = ", "a number from 0 to 1"),
    "share as a truth value": (TOML + "[public_share]\nq1 = true\n", "q1 = ", "from 0 to 1"),
    "share without public tests": (
        TOML + "[public_share]\nq2 = 'x'\n",
        "q2 = ",
        "a number from 0 to 1",
    ),
    "rubric that does not add up": (
        changed("points = 2", "points = 1"),
        "[[rubric.q2]]",
        "adds up to 1 points, the question has 2",
    ),
    "rubric without text": (changed("text =", "words ="), "[[rubric.q2]]", "has points and text"),
    "rubric without points": (changed("points = 2", ""), "[[rubric.q2]]", "has points and text"),
    "rubric with endless points": (changed("= 2", "= inf"), "[[rubric.q2]]", "points and text"),
    "rubric of an unknown question": (
        changed("rubric.q2", "rubric.q7"),
        "[[rubric.q7]]",
        "there is no written question 'q7'",
    ),
    "rubric of a tested question": (
        changed("rubric.q2", "rubric.q1"),
        "[[rubric.q1]]",
        "there is no written question 'q1'",
    ),
    "rubric as a number": (
        TOML.partition("[[")[0] + "[rubric]\nq2 = [3]\n",
        "q2",
        "has points and text",
    ),
    "hidden tests of an unknown question": (
        TOML + "[hidden_tests]\nq5 = 1\n",
        "q5",
        "there is no question 'q5'",
    ),
}


@pytest.mark.parametrize(("toml", "near", "reason"), TOMLS.values(), ids=TOMLS.keys())
def test_broken_settings(
    make_assignment: MakeAssignment, toml: str, near: str, reason: str
) -> None:
    """What is wrong in assignment.toml is named by its line; what is missing, by the file."""
    folder = make_assignment(toml=toml)
    message = refusal(folder)
    assert reason in message
    if near:
        line = line_of(folder / "assignment.toml", near)
        assert message.startswith(f"assignment.toml:{line}: ")
    else:
        assert message.startswith("assignment.toml")


def test_settings_that_are_not_text(make_assignment: MakeAssignment) -> None:
    """An assignment.toml of other bytes is named."""
    folder = make_assignment()
    (folder / "assignment.toml").write_bytes(b"title = \xff")
    assert "assignment.toml: is not valid TOML" in refusal(folder)


@pytest.mark.parametrize("name", ["assignment.toml", "tiny.ipynb"])
def test_missing_files(make_assignment: MakeAssignment, name: str) -> None:
    """A file that is not there is named."""
    folder = make_assignment()
    (folder / name).unlink()
    assert refusal(folder) == f"{name}: is missing"


def test_no_hidden_tests(make_assignment: MakeAssignment) -> None:
    """A folder without hidden tests is refused."""
    folder = make_assignment()
    (folder / "hidden" / "test_tiny.py").unlink()
    assert refusal(folder).startswith("hidden: holds no hidden tests")


HIDDEN_TESTS = {
    "no question": (
        changed('@pytest.mark.question("q1", weight=2)\n', "", HIDDEN_TEST),
        "def test_double",
        'names no question: @pytest.mark.question("q1") is missing',
    ),
    "another marker": (
        changed('question("q1", weight=2)', 'parametrize("q1", [2])', HIDDEN_TEST),
        "def test_double",
        "names no question",
    ),
    "unknown question": (
        changed('"q1"', '"q3"', HIDDEN_TEST),
        "def test_double",
        "there is no question 'q3'",
    ),
    "weight of nothing": (
        changed("weight=2", "weight=0", HIDDEN_TEST),
        "def test_double",
        "no number above 0",
    ),
    "weight as text": (
        changed("weight=2", "weight='2'", HIDDEN_TEST),
        "def test_double",
        "no number above 0",
    ),
    "no Python": (HIDDEN_TEST + "\ndef (:\n", "def (:", "is not valid Python"),
    "a zero byte": (HIDDEN_TEST + "\0", "", "is not valid Python"),
}


@pytest.mark.parametrize(
    ("hidden", "near", "reason"), HIDDEN_TESTS.values(), ids=HIDDEN_TESTS.keys()
)
def test_broken_hidden_tests(
    make_assignment: MakeAssignment, hidden: str, near: str, reason: str
) -> None:
    """What is wrong in a hidden test is named by its line."""
    folder = make_assignment(hidden=hidden)
    message = refusal(folder)
    line = line_of(folder / "hidden" / "test_tiny.py", near) if near else 1
    # A zero byte is not told from where; the others begin on the line itself.
    assert message.startswith(f"hidden/test_tiny.py:{line}: ")
    assert reason in message


def test_question_without_tests(make_assignment: MakeAssignment) -> None:
    """A question with neither hidden nor public tests is named by its line in the notebook."""
    extra = [("raw", "# BEGIN QUESTION\nname: q3\npoints: 0"), ("raw", "# END QUESTION")]
    folder = make_assignment(cells=[*CELLS, *extra])
    message = refusal(folder)
    line = line_of(folder / "tiny.ipynb", "name: q3")
    assert message == f"tiny.ipynb:{line}: question 'q3' has no tests"


def test_question_without_hidden_tests(make_assignment: MakeAssignment) -> None:
    """A question with public tests only says so in its share, or is refused."""
    extra = [
        ("raw", "# BEGIN QUESTION\nname: q3\npoints: 0"),
        ("raw", "# BEGIN TESTS"),
        ("code", "def test_three(double):\n    assert double(3) == 6"),
        ("raw", "# END TESTS"),
        ("raw", "# END QUESTION"),
    ]
    folder = make_assignment(cells=[*CELLS, *extra])
    assert "question 'q3' has no hidden test" in refusal(folder)
    (folder / "assignment.toml").write_text(TOML + "[public_share]\nq3 = 1\n")
    assert load_assignment(folder).public_share["q3"] == 1


def test_share_without_public_tests(make_assignment: MakeAssignment) -> None:
    """A share for public tests that are not there would be lost to every student."""
    cells = [cell for cell in CELLS if "test_double_of_two" not in cell[1]]
    folder = make_assignment(cells=cells, toml=TOML + "[public_share]\nq1 = 0.5\n")
    assert "question 'q1' has no public tests" in refusal(folder)


def test_public_test_of_an_unknown_name(make_assignment: MakeAssignment) -> None:
    """A public test that asks for a name that no cell defines is named by its line."""
    cells = with_cell(CELLS, "(double, helper)", "(double, helpre)")
    folder = make_assignment(cells=cells)
    assignment = load_assignment(folder)
    line = line_of(folder / "tiny.ipynb", "def test_double_of_two")
    with pytest.raises(AssignmentError, match=f"tiny.ipynb:{line}: .*asks for 'helpre'"):
        public_test_module(assignment)


def examiner_refusal(folder: Path) -> str:
    """Collect what cannot be collected, and give the reason, which is one line."""
    with pytest.raises(AssignmentError) as caught:
        Examiner(load_assignment(folder))
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message.replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("hidden", "place", "reason"),
    [
        (HIDDEN_TEST + "\nimport nothing_of_this_name\n", 14, "No module named 'nothing_of_this"),
        (HIDDEN_TEST + "\n1 / 0\n", 14, "ZeroDivisionError"),
        (changed("student, rng", "student, rgn", HIDDEN_TEST), None, None),
        (changed("weight=2", "weight=int('0')", HIDDEN_TEST), None, "weight of test_double"),
        (HIDDEN_TEST + "\n@pytest.mark.slow\ndef f():\n    pass\n", None, "'slow' not found"),
        (HIDDEN_TEST + "\nimport sys\nsys.exit(3)\n", None, ""),
    ],
    ids=["no such module", "raises", "no such fixture", "weight", "marker", "exits"],
)
def test_hidden_tests_that_cannot_be_collected(
    make_assignment: MakeAssignment, hidden: str, place: int | None, reason: str | None
) -> None:
    """A hidden test that does not import is named by file and line, in one line."""
    folder = make_assignment(hidden=hidden)
    if reason is None:
        # pytest looks fixtures up when a test runs; `validate` runs every test.
        Examiner(load_assignment(folder)).close()
        return
    message = examiner_refusal(folder)
    assert reason in message
    if place is not None:
        assert message.startswith(f"hidden/test_tiny.py:{place}: cannot be collected: ")


def test_broken_module_beside_the_hidden_tests_is_named(make_assignment: MakeAssignment) -> None:
    """A reference that is no Python is named itself, not the test that imports it."""
    folder = make_assignment(hidden="import answers\n" + HIDDEN_TEST)
    (folder / "hidden" / "answers.py").write_text("import math\n\ndef double(x:\n")

    message = examiner_refusal(folder)

    assert message.startswith("hidden/answers.py:3: cannot be collected: SyntaxError")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('\n@misconception("q1")\ndef double(x):\n    return x\n', 3, "argument: 'hint'"),
        ("\ndef double(x)\n", 3, "SyntaxError: expected ':'"),
    ],
    ids=["no hint", "no Python"],
)
def test_broken_misconceptions_are_named_with_the_line(
    make_assignment: MakeAssignment, text: str, line: int, reason: str
) -> None:
    """A wrong answer that does not register says in which line of which file."""
    folder = make_assignment()
    module = folder / "misconceptions.py"
    module.write_text("from autograder.sample_answers import misconception\n" + text)

    message = examiner_refusal(folder)

    assert message.startswith(f"misconceptions.py:{line}: ")
    assert reason in message


def test_given_code_that_raises(make_assignment: MakeAssignment) -> None:
    """A given helper that public tests need and that cannot be executed is the notebook's fault."""
    cells = with_cell(CELLS, "import numpy as np\n", "import numpy as np\n\nhelper = 1 / 0\n")
    message = examiner_refusal(make_assignment(cells=cells))
    assert message.startswith("tiny.ipynb: its public tests cannot be collected: ZeroDivision")


def test_examiner_describes_tests(make_assignment: MakeAssignment) -> None:
    """The examiner gives each test's question, title, weight and visibility."""
    examiner = Examiner(load_assignment(make_assignment()))
    try:
        described = {
            (test.question, test.title, test.weight, test.public) for test in examiner.tests
        }
    finally:
        examiner.close()
    assert described == {
        ("q1", "Two becomes four.", "1", True),
        ("q1", "Doubles any numbers.", "2", False),
    }
    assert not examiner.alive()
