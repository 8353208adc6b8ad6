"""The notebooks that students get: nothing hidden in them, and they open everywhere."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.assignment.build import _assigned_once, build, build_solution, build_student
from autograder.environments import default_folder
from autograder.errors import AssignmentError
from tests.autograder.conftest import CELLS, HIDDEN_TEST, with_cell

MakeAssignment = Callable[..., Path]
ROOT = Path(__file__).parents[3]
COMPLETE = sorted(path.parent.name for path in ROOT.glob("assignments/*/assignment.toml"))
SHORTEST = 12
"""Shorter lines, such as ``return x``, say nothing."""


@pytest.fixture(scope="module", params=COMPLETE)
def each(request: pytest.FixtureRequest) -> Assignment:
    """Return each assignment of this project."""
    return load_assignment(find_assignment(request.param))


def squeezed(text: str) -> str:
    """Leave white space out."""
    return re.sub(r"\s+", "", text)


def solution_lines(assignment: Assignment) -> Iterator[str]:
    """Return the lines of a master that are marked as solutions, in code and in text."""
    for question in assignment.questions:
        for cell in question.solution:
            inside = cell.kind == "markdown"
            for line in cell.source.splitlines():
                if "# END SOLUTION" in line:
                    inside = False
                if inside or "# SOLUTION" in line:
                    yield line.split("# SOLUTION")[0]
                if "# BEGIN SOLUTION" in line:
                    inside = True


def given_text(assignment: Assignment) -> str:
    """Return all that the author hands out: everything outside of solution blocks."""
    inside, parts = False, []
    for cell in json.loads(assignment.master.text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "raw" and "SOLUTION" in source:
            inside = "BEGIN" in source
        elif not inside:
            parts.append(source)
            parts += statements(source) if cell["cell_type"] == "code" else []
    return squeezed("\n".join(parts))


def statements(source: str) -> list[str]:
    """Return the simple statements of some code, normalised."""
    nodes = ast.walk(ast.parse(source))
    return [ast.unparse(node) for node in nodes if isinstance(node, ast.Assert | ast.Assign)]


def test_no_solution_gets_out(each: Assignment) -> None:
    """No line that the master marks as solution is in the student notebook, metadata included."""
    text = squeezed(json.dumps(build_student(each).notebook, ensure_ascii=False))
    given = given_text(each)
    lines = {squeezed(line) for line in solution_lines(each)}
    secret = {line for line in lines if len(line) >= SHORTEST and line not in given}
    assert len(secret) > 5
    assert not {line for line in secret if line in text or json.dumps(line)[1:-1] in text}


def test_no_hidden_test_gets_out(each: Assignment) -> None:
    """No statement of a hidden test, reference or sample is in either notebook."""
    files = [*each.hidden_tests, ROOT / "reference" / f"{each.name}.py"]
    files += [each.folder / name for name in ("misconceptions.py", "alternatives.py")]
    given = given_text(each)
    for built in (build_student(each), build_solution(each)):
        text = squeezed(built.text)
        for file in files:
            for statement in map(squeezed, statements(file.read_text(encoding="utf-8"))):
                known = statement in given or squeezed_in_solution(statement, each)
                assert len(statement) < 30 or known or statement not in text


def squeezed_in_solution(statement: str, assignment: Assignment) -> bool:
    """Return whether a statement is one of a solution's, too."""
    cells = (cell for question in assignment.questions for cell in question.solution)
    return any(statement in squeezed(cell.source) for cell in cells)


def test_metadata_is_an_allow_list(each: Assignment) -> None:
    """Nothing rides along: neither in the notebook's metadata nor in a cell's, and no output."""
    for built in (build_student(each), build_solution(each)):
        notebook = built.notebook
        assert notebook.keys() == {"cells", "metadata", "nbformat", "nbformat_minor"}
        assert notebook["metadata"].keys() <= {"kernelspec", "language_info", "otter"}
        assert notebook["metadata"]["otter"].keys() <= {"OK_FORMAT", "assignment_name", "tests"}
        assert notebook["metadata"]["otter"]["assignment_name"] == each.name
        for cell in notebook["cells"]:
            code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
            assert cell.keys() == {"cell_type", "id", "metadata", "source"} | code
            allowed = {"tags", "deletable", "editable", "jupyter", "cellView"}
            assert cell["metadata"].keys() <= allowed
            assert not cell.get("outputs")


def test_titled_code_is_folded(each: Assignment) -> None:
    """Code cells with a title, the set-up among them, are folded in Colab and JupyterLab."""
    cells = build_student(each).notebook["cells"]
    titled = [cell for cell in cells if cell["source"].startswith("# @title ")]
    assert titled[0] is cells[0]
    for cell in cells:
        folded = {"jupyter": {"source_hidden": True}, "cellView": "form"}
        assert (folded.items() <= cell["metadata"].items()) == (cell in titled)


def test_valid_notebook(each: Assignment) -> None:
    """The notebook is valid, its ids are unique, and its code cells parse."""
    for built in (build_student(each), build_solution(each)):
        nbformat.validate(nbformat.from_dict(built.notebook))
        ids = [cell["id"] for cell in built.notebook["cells"]]
        assert len(ids) == len(set(ids))
        for cell in built.notebook["cells"]:
            if cell["cell_type"] == "code":
                ast.parse(cell["source"])


def test_each_question_has_its_check(each: Assignment) -> None:
    """The public tests in the metadata are those of the master, for every tested question."""
    tests = build_student(each).metadata["otter"]["tests"]
    assert set(tests) == {question.id for question in each.questions if question.public_tests}
    for question in each.questions:
        for test in question.public_tests:
            assert f"def {test.name}(" in tests[question.id]


def test_same_bytes(make_assignment: MakeAssignment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two builds give the same bytes, whether otter-assign ran again or not."""
    folder = make_assignment(files={"data/a.csv": "1,2\n"})
    assignment = load_assignment(folder)
    before = build_student(assignment).text
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
    _assigned_once.cache_clear()
    target = folder.parent / "out"
    assert build(assignment, target) == target / "tiny.ipynb"
    assert (target / "tiny.ipynb").read_bytes() == before.encode()
    assert sorted(path.name for path in target.rglob("*")) == ["a.csv", "data", "tiny.ipynb"]


def test_solution_notebook(make_assignment: MakeAssignment) -> None:
    """The solved notebook holds the solution, the student notebook its place."""
    assignment = load_assignment(make_assignment())
    line = "np.asarray(x) * 2.0"
    assert line in build_solution(assignment).text
    assert line not in build_student(assignment).text
    assert "def double(x):" in build_student(assignment).text
    assert "Because it is twice" not in build_student(assignment).text


def line_of(path: Path, text: str) -> int:
    """Find the first line of a file that holds a text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def refusal(folder: Path) -> str:
    """Build what must be refused, and give the reason, which is one line."""
    with pytest.raises(AssignmentError) as caught:
        build_student(load_assignment(folder))
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message.replace(f"{folder}/", "")


def test_unmarked_solution(make_assignment: MakeAssignment) -> None:
    """A solution left unmarked in a solution cell is refused, with its line."""
    cells = with_cell(
        CELLS, "    # BEGIN SOLUTION\n", "    twice = 2.0 * np.asarray(x)\n    # BEGIN SOLUTION\n"
    )
    folder = make_assignment(cells=cells)
    line = line_of(folder / "tiny.ipynb", "twice = 2.0")
    assert refusal(folder).startswith(f"tiny.ipynb:{line}: this would get out")


def test_given_statements(make_assignment: MakeAssignment) -> None:
    """What a given cell says as well is no secret: the author hands it out."""
    cells = with_cell(
        CELLS, "    # BEGIN SOLUTION\n", "    twice = 2.0 * np.asarray(x)\n    # BEGIN SOLUTION\n"
    )
    cells = with_cell(
        cells, "import numpy as np\n", "import numpy as np\n\nx = 3\ntwice = 2.0*np.asarray(x)\n"
    )
    assert "twice" in build_student(load_assignment(make_assignment(cells=cells))).text


def test_hidden_test_among_the_data(make_assignment: MakeAssignment) -> None:
    """A hidden test left among the public files is refused, with its line."""
    folder = make_assignment(files={"data/helpers.py": HIDDEN_TEST})
    line = line_of(folder / "hidden" / "test_tiny.py", "x = rng.normal")
    assert refusal(folder) == (
        f"hidden/test_tiny.py:{line}: this would get out with the notebook that students get"
    )


def test_code_that_does_not_parse(make_assignment: MakeAssignment) -> None:
    """A code cell that is no Python, such as a magic, is refused, with its line."""
    folder = make_assignment(cells=with_cell(CELLS, "import numpy as np\n", "%matplotlib inline\n"))
    line = line_of(folder / "tiny.ipynb", "%matplotlib")
    assert refusal(folder).startswith(f"tiny.ipynb:{line}: a code cell of the built notebook")


def test_what_otter_refuses(make_assignment: MakeAssignment) -> None:
    """What otter-assign cannot read is the notebook's fault."""
    late = [("raw", "# BEGIN PROMPT"), ("raw", "# END PROMPT")]
    folder = make_assignment(cells=[*CELLS[:-1], *late, CELLS[-1]])
    assert refusal(folder).startswith("tiny.ipynb: otter assign refuses it: ")


COLAB = """
import json, sys, types
from IPython.core.interactiveshell import InteractiveShell

class Shell(InteractiveShell):
    pass

Shell.__module__ = "google.colab._shell"
shell = Shell.instance()
assert "google.colab" in str(shell)
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        result = shell.run_cell(cell["source"])
        if result.error_in_exec or result.error_before_exec:
            sys.exit(f"failed: {cell['source']}")
"""


def with_checks(assignment: Assignment) -> dict[str, Any]:
    """Return the solved notebook, with a last cell that runs every public check."""
    notebook: dict[str, Any] = json.loads(build_solution(assignment).text)
    questions = [question.id for question in assignment.questions if question.public_tests]
    source = f'for name in {questions!r}:\n    print("checked:", grader.check(name))'
    cell = {"cell_type": "code", "id": "checks", "metadata": {}, "source": source}
    notebook["cells"].append(cell | {"execution_count": None, "outputs": []})
    return notebook


def passed_checks(output: str) -> int:
    """Count the checks that say that all passed."""
    return len(re.findall(r"checked: \S+ results: All test cases passed!", output))


def test_opens_in_colab(tmp_path: Path, xor: Assignment) -> None:
    """In Colab's interpreter, in a folder without the notebook, every public check runs."""
    source, empty = tmp_path / "notebook.json", tmp_path / "content"
    source.write_text(json.dumps(with_checks(xor)))
    empty.mkdir()
    result = subprocess.run(
        [default_folder() / "bin" / "python", "-c", textwrap.dedent(COLAB), str(source)],
        cwd=empty,
        env={"MPLBACKEND": "Agg", "HOME": str(empty), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    checked = [question for question in xor.questions if question.public_tests]
    assert passed_checks(result.stdout) == len(checked), result.stdout
    assert not list(empty.glob("*.ipynb"))


@pytest.mark.parametrize("name", ["xor.ipynb", "xor (1).ipynb"])
def test_opens_in_jupyter(tmp_path: Path, xor: Assignment, name: str) -> None:
    """In a plain Jupyter kernel every public check runs, also where the file was renamed."""
    (tmp_path / name).write_text(json.dumps(with_checks(xor)))
    python = str(default_folder() / "bin" / "python")
    spec = tmp_path / "kernels" / "plain"
    spec.mkdir(parents=True)
    arguments = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": arguments, "display_name": "plain", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel))
    options = ["--ExecutePreprocessor.kernel_name=plain", name]
    result = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--stdout", *options],
        cwd=tmp_path,
        env={"JUPYTER_PATH": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    outputs = json.loads(result.stdout)["cells"][-1]["outputs"]
    output = "".join("".join(each.get("text", "")) for each in outputs)
    checked = [question for question in xor.questions if question.public_tests]
    assert passed_checks(output) == len(checked), output
    assert (tmp_path / "tests").exists() == (name != "xor.ipynb")


def test_a_master_that_names_no_kernel(make_assignment: MakeAssignment, tmp_path: Path) -> None:
    """What a program wrote may have no metadata; students get a notebook that names one."""
    folder = make_assignment()
    master = json.loads((folder / "tiny.ipynb").read_text())
    (folder / "tiny.ipynb").write_text(json.dumps(master | {"metadata": {}}))

    build(load_assignment(folder), tmp_path / "out")

    built = json.loads((tmp_path / "out" / "tiny.ipynb").read_text())
    assert built["metadata"]["kernelspec"]["language"] == "python"


@pytest.mark.parametrize("cells", [CELLS[1:], with_cell(CELLS, "ok_format: false", "files: true")])
def test_a_master_without_its_settings(
    make_assignment: MakeAssignment, tmp_path: Path, cells: list[tuple[str, str]]
) -> None:
    """Tests in otter's other format are refused with what the first cell must say."""
    assignment = load_assignment(make_assignment(cells=cells))
    with pytest.raises(AssignmentError, match="# ASSIGNMENT CONFIG"):
        build(assignment, tmp_path / "out")
