"""The comparison and the demonstration: their cheap parts, run for real."""

import ast
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.assignment.build import build_solution
from autograder.grade import Grader
from benchmarks import attacks, demo, shared_files
from benchmarks.attack_cells import ATTACKS
from benchmarks.formats import hidden_tests, nbgrader_source, otter_master
from benchmarks.measure import CommandError, Taken, run_command
from benchmarks.peers import ASSIGNMENTS, MISTAKES, _submissions
from benchmarks.results import Results, Way

FOLDER = Path(demo.__file__).parent / "assignments"
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
BURN = "import time\nwhile time.process_time() < 0.4: pass\n"
BURN_IN_A_CHILD_THAT_DIES_WITH_ITS_NAMESPACE = f"""
import os, time
reader, writer = os.pipe()
if os.fork() == 0:
    exec({BURN!r})
    time.sleep(0.3)  # time enough to be sampled
    os.write(writer, b"1")
    time.sleep(60)
os.read(reader, 1)
"""


def assignment(name: str) -> Assignment:
    """One of the two assignments."""
    return load_assignment(FOLDER / name)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_assignments_have_four_questions_with_hidden_tests(name):
    """Each notebook has four questions and ten points, and each question a hidden test."""
    loaded = assignment(name)
    assert loaded.points == 10
    assert [question.id for question in loaded.questions] == ["q1", "q2", "q3", "q4"]
    assert all(hidden_tests(loaded).values())


def test_we_give_full_marks_and_see_the_mistake(tmp_path):
    """The solved NumPy notebook gets full marks; with the warm-up's mistake question 1 loses."""
    numpy = assignment("small_numpy")
    right = _submissions(numpy, tmp_path, 1)[0].notebook.read_bytes()
    wrong = _submissions(numpy, tmp_path, 1, MISTAKES["small_numpy"])[0].notebook.read_bytes()
    with Grader() as grader:
        scores = [
            {each.id: each.score for each in grader.grade(data, numpy).questions}
            for data in (right, wrong)
        ]
    assert scores[0] == {"q1": 2, "q2": 3, "q3": 3, "q4": 2}
    assert scores[1] == scores[0] | {"q1": scores[1]["q1"]}
    assert scores[1]["q1"] < 2


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_peers_get_plain_python(name):
    """Nothing that only our hidden tests know is left in a peer's check."""
    for tests in hidden_tests(assignment(name)).values():
        for test in tests:
            used = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
            assert not used & {"student", "pytest", "assert_close", "raises"}


def test_peers_get_the_same_checks():
    """The converted hidden tests pass with the solution, and one fails with the mistake."""
    numpy = assignment("small_numpy")
    solution = "\n".join(cell.source for q in numpy.questions for cell in q.solution)
    assert failures(numpy, solution) == []
    assert failures(numpy, solution.replace(*MISTAKES["small_numpy"])) == ["test_q1_any_values"]


def failures(loaded: Assignment, solution: str) -> list[str]:
    """Run the converted hidden tests on a solution; name those that fail."""
    namespace: dict[str, object] = {}
    exec(f"import numpy as np\n{solution}", namespace)
    failed = []
    for test in [test for tests in hidden_tests(loaded).values() for test in tests]:
        exec(ast.unparse(test), namespace)
        arguments = ", ".join(argument.arg for argument in test.args.args)
        try:
            exec(f"{test.name}({arguments})", namespace)
        except AssertionError:
            failed.append(test.name)
    return failed


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_peers_get_the_same_notebook(name):
    """Both peers' notebooks hold every solution line and every check; all code parses."""
    loaded = assignment(name)
    checks = sum(map(len, hidden_tests(loaded).values()))
    checks += sum(len(question.public_tests) for question in loaded.questions)
    for document in (otter_master(loaded), nbgrader_source(loaded)):
        code = [c["source"] for c in document["cells"] if c["cell_type"] == "code"]
        text = "\n\n".join(map("".join, code))
        tree = ast.parse(text)
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert sum(name.startswith("test_") for name in functions) == checks
        for question in loaded.questions:
            for line in question.solution[0].source.splitlines():
                if "SOLUTION" not in line:
                    assert line in text


def test_a_failing_command_is_no_measurement(tmp_path):
    """A command that exits with another code than 0 raises, and its output is told."""
    with pytest.raises(CommandError, match="no such luck"):
        run_command([sys.executable, "-c", "exit('no such luck')"], tmp_path, ENVIRONMENT)


def test_cpu_of_descendants_counts(tmp_path):
    """CPU time is counted, also that of a child which dies with its PID namespace."""
    plain = run_command([sys.executable, "-c", BURN], tmp_path, ENVIRONMENT)
    # The kernel counts in ticks of a hundredth of a second.
    assert 0.4 - 0.02 <= plain.cpu_seconds < 2.0
    wall = ["/usr/bin/bwrap", "--unshare-all", "--as-pid-1", "--bind", "/", "/"]
    script = BURN_IN_A_CHILD_THAT_DIES_WITH_ITS_NAMESPACE
    command = [*wall, sys.executable, "-S", "-c", script]
    hidden = run_command(command, tmp_path, ENVIRONMENT, watched=True)
    assert 0.4 - 0.02 <= hidden.cpu_seconds < 2.0


def test_targets_are_judged_by_the_median_of_ratios():
    """Ratios are taken round by round, and a target just missed is told as missed."""
    seconds = {
        Way.OTTER: [7.9, 16.0, 7.0],
        Way.NBGRADER: [8.0, 16.0, 8.0],
        Way.WARM: [1.0, 2.0, 1.0],
        Way.COLD: [8.0, 8.0, 8.0],
        Way.BARE: [0.6, 1.4, 0.6],
        Way.NBGRADER_CLASS: [80.0, 80.0, 70.0],
        Way.OUR_CLASS: [10.0, 10.0, 10.0],
    }
    taken = {
        ("small_numpy", way): [Taken(wall, 0.0) for wall in walls] for way, walls in seconds.items()
    }
    targets = list(Results(taken, 20, 2).targets("small_numpy"))
    assert [target.met for target in targets] == [False, True, True, False, True]
    assert not any(target.aim_met for target in targets)


def test_an_impossible_overhead_is_no_success():
    """Grading that seems quicker than its own cells is told as noise, not as a target met."""
    taken = {("small_numpy", way): [Taken(1.0, 0.0)] for way in Way}
    taken["small_numpy", Way.BARE] = [Taken(1.5, 0.0)]
    (overhead,) = [t for t in Results(taken, 20, 2).targets("small_numpy") if "bare" in t.text]
    assert not overhead.met
    assert not overhead.aim_met
    assert "noise" in overhead.measured


def test_attacks_of_the_comparison_get_no_point(tmp_path):
    """What is given to the others gets nothing here, and solved it gets everything."""
    numpy = assignment("small_numpy")
    solved = build_solution(numpy).notebook
    solutions = tuple(cell.source for q in numpy.questions for cell in q.solution)
    notebooks = [attacks.submission(solved, solutions, solutions, tmp_path / "solved")]
    for number, attack in enumerate(ATTACKS):
        answers = (attack.code + attack.answers[0], *attack.answers[1:])
        notebooks.append(attacks.submission(solved, solutions, answers, tmp_path / f"{number}"))
    with Grader(spares=2) as grader, ThreadPoolExecutor(2) as threads:
        reports = threads.map(
            lambda each: grader.grade(each.notebook.read_bytes(), numpy, seed=3), notebooks
        )
        points = [float(report.score) for report in reports]
    assert points == [10.0, *(0.0 for _ in ATTACKS)]


def test_bits_through_shared_files_are_counted(capsys):
    """A line for pages and one for names, each with a share of the bits."""
    assert shared_files.main(["--bits", "100", "--wait", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split(":")[0] for line in lines] == ["pages", "names"]
    for line in lines:
        assert 0 <= float(line.split()[1]) <= 100


def test_demo_shows_five_reports(tmp_path, capsys):
    """The demonstration prints five reports with the expected points and writes each page."""
    assert demo.main(["--out", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    points = [line.split()[-4] for line in output.splitlines() if "of 20 points" in line]
    assert points == ["20", "16.7", "0", "13.9", "17"]
    assert output.count("Hint:") >= 3
    assert "took too long" in output
    assert sorted(path.stem for path in tmp_path.glob("*.html")) == [
        "blank",
        "endless_loop",
        "misconception",
        "partial",
        "perfect",
    ]
