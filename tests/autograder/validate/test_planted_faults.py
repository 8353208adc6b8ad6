"""Each fault that is planted into an assignment turns the gate red, and is named."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.cli import main
from autograder.validate.gate import validate
from autograder.validate.results import AssignmentValidation
from tests.autograder.validate.example import EXAMPLE
from tests.sweeps import chosen


@dataclass(frozen=True)
class Plant:
    """
    One planted fault.

    Args:
        label: What it is.
        sow: Plants it into a copy of the example.
        question: The question that must be named.
        reason: What the message must say.
    """

    label: str
    sow: Callable[[Path], None]
    question: str
    reason: str


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace a text that stands in a file once."""

    def sow(folder: Path) -> None:
        text = folder.joinpath(file).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        folder.joinpath(file).write_text(text.replace(old, new))

    return sow


def both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    """Do several things."""

    def sow(folder: Path) -> None:
        for step in steps:
            step(folder)

    return sow


def without_test(name: str) -> Callable[[Path], None]:
    """Delete a hidden test."""

    def sow(folder: Path) -> None:
        path = folder / "hidden" / "test_pendulum.py"
        parts = re.split(r"(?=^@pytest\.mark)", path.read_text(), flags=re.MULTILINE)
        kept = [part for part in parts if f"def {name}(" not in part]
        assert len(kept) == len(parts) - 1
        path.write_text("".join(kept))

    return sow


def add(file: str, text: str) -> Callable[[Path], None]:
    """Write more behind what a file holds."""

    def sow(folder: Path) -> None:
        with folder.joinpath(file).open("a") as target:
            target.write(text)

    return sow


def give_away(folder: Path) -> None:
    """Leave the solution of question 2 in the given cell that draws the figure."""
    path = folder / "pendulum.ipynb"
    notebook = json.loads(path.read_text())
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    [solution] = [source for source in sources if "def gravity(" in source]
    [figure] = [number for number, source in enumerate(sources) if "axes.plot" in source]
    plain = "\n".join(line for line in solution.splitlines() if " SOLUTION" not in line)
    notebook["cells"][figure]["source"] = f"{plain}\n\n\n{sources[figure]}"
    path.write_text(json.dumps(notebook))


def forget_markers(folder: Path) -> None:
    """Forget the comments that take the solution of question 2 out for students."""
    path = folder / "pendulum.ipynb"
    notebook = json.loads(path.read_text())
    [solution] = [cell for cell in notebook["cells"] if "def gravity(" in "".join(cell["source"])]
    solution["source"] = [line for line in solution["source"] if " SOLUTION" not in line]
    path.write_text(json.dumps(notebook))


NO_PROMISE = edit("assignment.toml", "[hidden_tests]\nq1 = 3\nq2 = 3\n", "")
PLANTS = [
    Plant(
        "a hidden test deleted, with the misconception that only it catches",
        both(NO_PROMISE, without_test("test_gravity_of_whole_numbers")),
        "q2",
        r"misconception “Floor division.” passes: no test of q2 costs it points",
    ),
    Plant(
        "a hidden test that tells students nothing",
        edit(
            "hidden/test_pendulum.py",
            '    """Right for any lengths and any gravity, on moons and on giant planets."""\n',
            "",
        ),
        "q1",
        r"test_periods_of_any_length has no docstring",
    ),
    Plant(
        "a hidden test deleted that others make up for",
        without_test("test_lengths_are_left_alone"),
        "q1",
        r"promises 3 hidden tests, there are 2: was one deleted\?",
    ),
    Plant(
        "all hidden tests of a question deleted",
        both(
            without_test("test_gravity_of_whole_numbers"),
            without_test("test_gravity_of_noisy_measurements"),
            without_test("test_measurements_without_partner_are_refused"),
        ),
        "q2",
        r"question 'q2' has no hidden test",
    ),
    Plant(
        "a tolerance of 1e-12",
        edit(
            "hidden/test_pendulum.py",
            'assert_close(student.period(length, g), reference.period(length, g), axes="n")',
            "assert_close(student.period(length, g), reference.period(length, g), rtol=1e-12, "
            "atol=1e-12)",
        ),
        "q1",
        r"in single precision.* fails test_periods_of_any_length",
    ),
    Plant(
        "a reference with a wrong sign",
        edit("hidden/reference.py", "return float(4 *", "return float(-4 *"),
        "q2",
        r"the solution fails test_gravity_of_noisy_measurements .*expected -",
    ),
    Plant(
        "a misconception that passes",
        add(
            "misconceptions.py",
            '\n\n@misconception("q1", hint="Nothing is wrong.")\n'
            "def period(length, g=9.81):\n"
            '    """Right, called wrong."""\n'
            "    if np.min(length) <= 0 or g <= 0:\n"
            '        raise ValueError("no")\n'
            "    return 2 * np.pi * np.sqrt(length / g)\n",
        ),
        "q1",
        r"misconception “Right, called wrong.” passes",
    ),
    Plant(
        "a misconception that costs another question too",
        add(
            "misconceptions.py",
            "\n\nfrom autograder.sample_answers import misconception_cell\n"
            'misconception_cell("q2", title="Too much", hint="Both.", source="""\n'
            "def gravity(lengths, periods):\n    return 1.0\n"
            'def period(length, g=9.81):\n    return length\n""")\n',
        ),
        "q2",
        r"misconception “Too much” also fails .*test_periods_of_any_length.* of q1",
    ),
    Plant(
        "a wrong hint",
        add(
            "misconceptions.py",
            '\n\n@misconception("q1", hint="Another hint for the same mistake.")\n'
            "def period(length, g=9.81):\n"
            '    """Half a period, again."""\n'
            "    if np.min(length) <= 0 or g <= 0:\n"
            '        raise ValueError("no")\n'
            "    return np.pi * np.sqrt(length / g)\n",
        ),
        "q1",
        r"misconception “Half a period, again.” gets another's hint: “This is half a swing",
    ),
    Plant(
        "a solution left in the student notebook, in its own cell",
        forget_markers,
        "q2",
        r"would get out|scores 3 points unsolved",
    ),
    Plant(
        "a solution left in the student notebook, in a given cell",
        give_away,
        "q2",
        r"the student notebook scores 3 points unsolved",
    ),
    Plant(
        "a test whose loop never runs",
        edit(
            "hidden/test_pendulum.py",
            "    for n in (2, 6):\n",
            "    for n in ():\n",
        ),
        "q2",
        r"test_gravity_of_whole_numbers checks nothing.*a loop that never runs",
    ),
    Plant(
        "a test that lets everything be refused",
        both(
            NO_PROMISE,
            add(
                "hidden/test_pendulum.py",
                '\n\n@pytest.mark.question("q2")\n'
                "def test_gravity_is_positive_or_refused(student):\n"
                '    """Gravity is positive."""\n'
                "    assert student.np.pi > 3\n"
                "    try:\n"
                "        gravity = student.gravity([1.0], [2.0])\n"
                "    except ValueError:\n"
                "        return\n"
                "    assert gravity > 0\n",
            ),
        ),
        "q2",
        r"a notebook that refuses everything scores .*'Gravity is positive.': does a test look",
    ),
    Plant(
        "an alternative whose code raises",
        add(
            "alternatives.py",
            '\n\nalternative_cell("q2", title="Broken", source="gravity = unknown")\n',
        ),
        "q2",
        r"the alternative “Broken” raises NameError",
    ),
    Plant(
        "a misconception of a question that does not exist",
        add("misconceptions.py", '\n\n@misconception("q9", hint="?")\ndef f():\n    """None."""\n'),
        "q9",
        r"'None.': there is no question 'q9'",
    ),
    Plant(
        "an equivalent mutant that is killed",
        add(
            "equivalent_mutants.toml",
            '[[mutant]]\nquestion = "q1"\n'
            'original = "return 2 * np.pi * np.sqrt(length / g)"\n'
            'mutated = "return 2 * np.pi * np.sqrt(length * g)"\nreason = "not so"\n',
        ),
        "q1",
        r"is declared equivalent, but test_\w+ kills it",
    ),
    Plant(
        "an equivalent mutant that does not exist",
        add(
            "equivalent_mutants.toml",
            '[[mutant]]\nquestion = "q1"\noriginal = "return 1"\nmutated = "return 2"\n'
            'reason = "of an older solution"\n',
        ),
        "q1",
        r"declared equivalent does not exist",
    ),
]

[BESIDE_ANOTHER] = [plant for plant in PLANTS if plant.label == "a reference with a wrong sign"]


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, AssignmentValidation]:
    """The gate's result for each planted fault of this run: all copies in one quick run."""
    wanted = [*chosen(request, "plant"), BESIDE_ANOTHER]
    plants = [plant for plant in PLANTS if plant in wanted]
    folders = []
    for number, plant in enumerate(plants):
        folder = tmp_path_factory.mktemp(f"plant{number}") / "pendulum"
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        plant.sow(folder)
        folders.append(folder)
    trials = validate(folders, lambda _, __: None, quick=True)
    return {plant.label: trial for plant, trial in zip(plants, trials, strict=True)}


@pytest.mark.sweep(6)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.label)
def test_a_planted_fault_is_named(plant: Plant, results: dict[str, AssignmentValidation]) -> None:
    """The assignment fails, and a message names it, the question, the reason and the place."""
    result = results[plant.label]
    faults = [
        (trial.assignment, f"{fault.question or trial.question} {fault.reason}", fault.place)
        for trial in result.trials
        for fault in trial.faults
    ]

    assert not result.valid
    found = [fault for fault in faults if re.search(plant.reason, fault[1])]
    assert found, faults
    assignment, reason, place = found[0]
    assert assignment == "pendulum"
    assert plant.question in reason
    assert place is not None
    assert "pendulum" in place


def test_other_questions_stay_without_fault(results: dict[str, AssignmentValidation]) -> None:
    """A wrong reference of question 2 says nothing against question 1."""
    result = results[BESIDE_ANOTHER.label]

    blamed = {fault.question or trial.question for trial in result.trials for fault in trial.faults}

    assert blamed == {"q2"}


def test_an_alternative_that_fails_for_one_seed_in_25(
    copy_example: Callable[[str], Path],
) -> None:
    """A right answer that one seed of the pool rejects blocks the release; a quick look may not."""
    folder = copy_example("one-seed")
    # A tolerance that the draw decides about: one seed among the first 25 exceeds it.
    edit(
        "hidden/test_pendulum.py",
        "    for n, g in [(1, 0.6), (2, rng.uniform(1.0, 3.0)), (20, rng.uniform(5.0, 25.0))]:\n",
        "    unlucky = rng.bit_generator.seed_seq.entropy[0] == 17\n"
        "    for n, g in [(1, 0.6), (2, rng.uniform(1.0, 3.0)), (20, rng.uniform(5.0, 25.0))]:\n",
    )(folder)
    edit(
        "hidden/test_pendulum.py",
        'assert_close(student.period(length, g), reference.period(length, g), axes="n")\n',
        "result = student.period(length, g)\n"
        "        assert not (unlucky and isinstance(result, list))\n"
        '        assert_close(result, reference.period(length, g), axes="n")\n',
    )(folder)
    folder.joinpath("misconceptions.py").write_text("")
    toml = folder / "assignment.toml"
    toml.write_text("hidden_seeds = 25\n" + toml.read_text())

    [result] = validate([folder], lambda _, __: None)

    faults = [fault for trial in result.trials for fault in trial.faults]
    assert not result.valid
    assert all("A list of Python floats" in fault.reason for fault in faults)
    assert any("seed 17" in fault.reason for fault in faults)


def test_exit_code_and_output_of_a_broken_assignment(
    copy_example: Callable[[str], Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The command exits with 1 and prints the fault; both files say so too."""
    folder = copy_example("red")
    without_test("test_lengths_are_left_alone")(folder)
    junit, summary = tmp_path / "out" / "junit.xml", tmp_path / "out" / "summary.md"

    code = main(
        ["validate", str(folder), "--quick", "--junitxml", str(junit), "--summary", str(summary)]
    )

    output = capsys.readouterr().out
    assert code == 1
    assert re.search(r"pendulum q1: assignment.toml promises 3 hidden tests, there are 2", output)
    assert "was one deleted?" in junit.read_text()
    assert "0 of 1" in summary.read_text()
