"""The gate's result in the terminal, as JUnit XML and as a summary."""

import io
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console

from autograder.validate.columns import COLUMNS, verdict
from autograder.validate.junit import write_junit
from autograder.validate.results import AssignmentValidation, Fault, Hint, Kind, Trial, kill_rate
from autograder.validate.summary import markdown, write_summary
from autograder.validate.terminal import Board, print_results


def result(*, done: bool = True, fault: bool = False) -> AssignmentValidation:
    """A small result: references, misconceptions, an alternative, mutants, hidden tests."""
    faults = (Fault("it <passes> [q1] | `all`", "xor/misconceptions.py:7"),) if fault else ()
    trials = [
        Trial("xor", Kind.REFERENCE, "solution"),
        Trial("xor", Kind.REFERENCE, "starter"),
        Trial("xor", Kind.MISCONCEPTION, "Factor", "q1", faults=faults, hint=Hint.OWN),
        Trial("xor", Kind.MISCONCEPTION, "Sign", "q2", hint=Hint.MISSING, only_hidden=True),
        Trial("xor", Kind.ALTERNATIVE, "A loop", "q1", seconds=1.5),
        Trial("xor", Kind.MUTANT, "sign: a  →  b", "q1"),
        Trial("xor", Kind.MUTANT, "axis\x00: c", "q1"),
        Trial(
            "xor",
            Kind.MUTANT,
            "term",
            "q2",
            survived=True,
            remarks=(Fault("a mutant survives: term", "xor.ipynb:3"),),
        ),
        Trial("xor", Kind.MUTANT, "constant", "q2", survived=True, equivalent=True),
        Trial("xor", Kind.MUTANT, "kill rate"),
        Trial("xor", Kind.TEST, "test_a", "q1"),
        Trial("xor", Kind.TEST, "test_b", "q2", remarks=(Fault("test_b kills nothing"),)),
    ]
    return AssignmentValidation("xor", seeds=32, trials=trials, seconds=12.3, done=done)


def cells(trial: AssignmentValidation) -> dict[str, str]:
    """The row of a result by column."""
    return {title: column(trial) for title, column in COLUMNS.items()}


def test_the_columns_count_what_holds() -> None:
    """Each column gives what holds, of all that was tried; equivalent mutants are apart."""
    assert cells(result()) == {
        "references": "2/2",
        "misconceptions": "2/2",
        "own hint": "1/2",
        "alternatives": "1/1 x 32",
        "mutants": "2/3 (+1)",
        "idle tests": "1",
        "seconds": "12",
        "verdict": "valid",
    }


def test_a_fault_fails_and_an_unfinished_result_is_not_proved() -> None:
    """One fault fails the assignment; without an end nothing is valid."""
    assert verdict(result(fault=True)) == "fails"
    assert not result(fault=True).valid
    assert cells(result(fault=True))["misconceptions"] == "1/2"
    assert not result(done=False).valid
    assert cells(result(done=False))["seconds"] == "…"


def test_equivalent_mutants_do_not_count() -> None:
    """The kill rate leaves out the declared ones and is 1 where nothing was tried."""
    assert kill_rate(result().mutants) == Fraction(2, 3)
    assert kill_rate([]) == 1


def test_the_terminal_shows_table_faults_and_places() -> None:
    """The printed result holds the row, then each remark and fault with its place, unharmed."""
    console = Console(file=io.StringIO(), width=140)

    print_results(console, [result(fault=True)])

    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO from above
    assert "2/3 (+1)" in text
    assert "fault xor q1: it <passes> [q1] | `all`  xor/misconceptions.py:7" in text
    assert "remark xor q2: a mutant survives: term  xor.ipynb:3" in text


def test_progress_without_a_terminal_is_a_line_for_each_step_of_an_assignment() -> None:
    """A job's log gets one line when an assignment begins and one when it ends."""
    console = Console(file=io.StringIO(), width=140)
    trial = result(done=False)

    with Board(console) as board:
        board.listen(trial, None)
        board.listen(trial, trial.trials[0])
        trial.done = True
        board.listen(trial, None)

    assert console.file.getvalue() == "xor: begins\nxor: valid\n"  # type: ignore[attr-defined]  # as above


def test_progress_in_a_terminal_is_the_table() -> None:
    """A terminal sees the row while it fills."""
    console = Console(file=io.StringIO(), width=140, force_terminal=True)

    with Board(console) as board:
        board.listen(result(done=False), None)
        board._live.refresh()

    assert "2/3 (+1)" in console.file.getvalue()  # type: ignore[attr-defined]  # as above


def test_junit_has_a_case_for_each_proof(tmp_path: Path) -> None:
    """The file parses, holds every trial, and its failures are the faults."""
    path = tmp_path / "new" / "junit.xml"

    write_junit(path, [result(fault=True)])

    suite = ET.parse(path).getroot()[0]
    assert suite.attrib["tests"] == "12" == str(len(suite))
    assert suite.attrib["failures"] == "1"
    [case] = [each for each in suite if each.find("failure") is not None]
    failure = case.find("failure")
    assert case.attrib["classname"] == "xor.q1.misconception"
    assert failure is not None
    assert failure.text == "xor/misconceptions.py:7: it <passes> [q1] | `all`"


def test_the_summary_is_a_table_that_markup_cannot_break(tmp_path: Path) -> None:
    """The Markdown has the row and the escaped fault, and is put behind what a file holds."""
    path = tmp_path / "summary.md"
    path.write_text("before\n")

    write_summary(path, [result(fault=True)], append=True)

    text = path.read_text()
    assert text.startswith("before\n## Valid assignments: 0 of 1")
    assert "| xor | 2/2 | 1/2 | 1/2 | 1/1 x 32 | 2/3 (+1) | 1 | 12 | fails |" in text
    assert r"it \<passes\> [q1] \| \`all\` (`xor/misconceptions.py:7`)" in text
    assert "Of the 2 misconceptions of xor, 1 pass all public tests" in markdown([result()])
