"""A report in the terminal: short, safe to print, and for students without what is for staff."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.render.terminal import print_report
from autograder.report import SourceLine
from autograder.verdict import Verdict

PATH = Path("alice.ipynb")


@pytest.fixture
def shown(capsys, monkeypatch):
    """Return what is printed of a report, at a width."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def show(report, *, student: bool = False, width: int = 80, path: Path = PATH) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        print_report(report, path, student=student)
        return capsys.readouterr().out

    return show


def test_tells_what_happened(shown, telling) -> None:
    """Score, verdicts, hints, messages, lines, titles, what waits and failed cells are named."""
    output = shown(telling)

    for piece in (
        "The perceptron",
        "alice.ipynb",
        "0.5 of 4 points",
        "Question 1  raised an error, 1 of 4 tests passed",
        "0.5 / 2",
        "Hint: The bias enters with the wrong sign.",
        "Your code raised ValueError.",
        "cell 2, line 1",
        "return x @ w - b",
        "Any shape.",
        "Question 2  needs manual grading",
        "Question 2 will be graded manually.",
        "Cell 2 took too long.",
        "Cell 3 raised SECRET-NAME.",
    ):
        assert piece in output


def test_questions_have_their_titles(make, shown) -> None:
    """As their author called them."""
    question = make.question("q1", Verdict.FAILED, make.test("Any shape."), title="forward(x)")

    assert "Question 1: forward(x)  failed, 0 of 1 test passed" in shown(make.report(question))


def test_says_everything_once(shown, telling) -> None:
    """Checks that ended alike share one message, and a question's hint stands once."""
    output = shown(telling, student=True)

    assert output.count("The result differs.") == 1
    assert output.count("Hint") == 1


def test_same_detail_stands_once(shown, make) -> None:
    """What the details of several checks have in common is not repeated."""
    tests = [make.test(f"Check {n}.", detail=f"test_q1.py:{n}: Missing: f") for n in range(5)]

    assert shown(make.report(make.question("q1", Verdict.FAILED, *tests))).count("Missing: f") == 1


def test_details_are_cut_to_a_line(shown, make) -> None:
    """Of a detail staff see the beginning of its first line."""
    detail = f"test_q1.py:1: AssertionError: {'x' * 500}\nsecond line"
    tests = [make.test("A.", detail=detail), make.test("B.", detail="test_q1.py:2: other")]
    output = shown(make.report(make.question("q1", Verdict.FAILED, *tests)))

    assert "test_q1.py:1: xxx" in output
    assert "…" in output
    assert "second line" not in output


def test_students_read_nothing_of_what_is_for_staff(shown, telling) -> None:
    """No detail and no misconception's name is printed for students."""
    assert "SECRET" in shown(telling)
    assert "SECRET" not in shown(telling, student=True)


def test_students_read_no_times(shown, make) -> None:
    """Code that sleeps in a hidden call could tell by them what it was given."""
    report = replace(make.report(make.question("q1", Verdict.PASSED)), seconds=23.7)

    assert "23.7" in shown(report)
    assert "graded in" not in shown(report, student=True)


@pytest.mark.parametrize(("terminal", "used"), [(60, 60), (80, 80), (100, 100), (300, 120)])
def test_width(shown, telling, terminal: int, used: int) -> None:
    """Lines fill the terminal, up to 120 columns, and have no spaces at their ends."""
    lines = shown(telling, width=terminal).splitlines()

    assert used - 1 == max(map(len, lines))
    assert all(line == line.rstrip() for line in lines)


def test_plain_where_no_terminal_is(shown, telling) -> None:
    """In a file or a pipe there are no colours."""
    assert "\x1b" not in shown(telling)


def test_colours_on_a_terminal(telling, monkeypatch) -> None:
    """On a terminal there are."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)

    print_report(telling, PATH)

    assert "\x1b[" in stream.getvalue()


def test_untrusted_text_commands_no_terminal(shown, make) -> None:
    """Control characters of lines, details and file names are taken out, markup is text."""
    bad = "\x1b[2J\x1b]0;title\x07\u202e\r[bold]x[/bold] [/]"
    test = make.test("A", message=bad, detail=bad, line=SourceLine(1, 1, bad), hint=bad)
    output = shown(
        make.report(make.question("q1", Verdict.ERROR, test)), path=Path(f"a{bad}\n.ipynb")
    )

    assert not {"\x1b", "\x07", "\u202e", "\r"} & set(output)
    assert "[bold]x[/bold]" in output


def test_terminals_without_unicode(telling, monkeypatch) -> None:
    """Marks have letters instead where the encoding has no others."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)

    print_report(telling, PATH)

    stream.seek(0)
    assert " x Question 1" in stream.read()


def test_a_fault_of_ours(shown, make) -> None:
    """What we could not grade has no points and says whose fault it is."""
    output = shown(make.report(make.question("q1", Verdict.INTERNAL)))

    assert "\u2013 / 2" in output
    assert "a problem on our side" in output


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_words(shown, make, verdict: Verdict) -> None:
    """No verdict is shown by its name in code."""
    output = shown(make.report(make.question("q1", verdict, make.test("A", verdict))))

    assert "Question 1" in output
    assert "_" not in output
