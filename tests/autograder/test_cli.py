"""The command line: exit codes, one clear line for what cannot be used, reports in files."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.cli import main
from autograder.errors import ExaminerError, InternalError
from autograder.grade import Grader
from tests.autograder.conftest import CELLS, HIDDEN_TEST, TOML, as_bytes, with_cell
from tests.autograder.sandbox.processes import descendants_of, parents

MakeAssignment = Callable[..., Path]
PROGRAM = "import sys; from autograder.cli import main; sys.exit(main())"
SOLUTION = as_bytes([("code", "def double(x):\n    return 2 * x")])
ENDLESS = as_bytes([("code", "while True:\n    pass")])


def unusable(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must end with 2, and give the one line that says why."""
    assert main([str(argument) for argument in arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    [line] = output.err.splitlines()
    assert line.startswith("autograder: ")
    return line.removeprefix("autograder: ")


def test_no_such_notebook(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A notebook that is not there is named."""
    path = tmp_path / "nothing.ipynb"
    assert unusable(capsys, "grade", "xor", path) == f"{path}: no such file"


BAD_NOTEBOOKS = {
    "not JSON": (b"hello", "not JSON"),
    "not a notebook": (b'{"name": 1}', "is not a notebook"),
    "format 3": (b'{"nbformat": 3, "worksheets": []}', "notebook format 3"),
    "lone surrogate": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800"}]}',
        "lone surrogate",
    ),
    "another assignment": (as_bytes([], name="titan"), "is a notebook of the assignment 'titan'"),
}


@pytest.mark.parametrize(("data", "reason"), BAD_NOTEBOOKS.values(), ids=BAD_NOTEBOOKS.keys())
def test_bad_notebooks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes, reason: str
) -> None:
    """A file that cannot be graded gets one line."""
    bad = tmp_path / "bad.ipynb"
    bad.write_bytes(data)
    line = unusable(capsys, "grade", "xor", bad)
    assert line.startswith(f"{bad}: ")
    assert reason in line


HOSTILE_NAME = "\x1b]0;t\x07\x1b[2J\nautograder: graded 20 of 20\u202e\x9b2J\udcff.ipynb"


def test_names_of_files_command_no_terminal(
    capsys: pytest.CaptureFixture[str], make_assignment: MakeAssignment, tmp_path: Path
) -> None:
    """Neither in a message, where they could forge another one, nor in what is written."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder, data in ((good, SOLUTION), (bad, b"%PDF")):
        folder.mkdir()
        (folder / HOSTILE_NAME).write_bytes(data)
    folder = str(make_assignment())
    line = unusable(capsys, "grade", folder, bad / HOSTILE_NAME)
    assert line.startswith(f"{bad}/]0;t[2J autograder: graded 20 of 202J.ipynb: is not a notebook")
    files = [str(tmp_path / "a.json"), str(tmp_path / "a.csv")]
    arguments = ["grade", folder, str(good), "--json", files[0], "--csv", files[1]]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    written = [Path(file).read_text(encoding="utf-8") for file in files]
    for text in (printed.out, printed.err, *written):
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    assert json.loads(written[0])["file"] == str(good / HOSTILE_NAME)  # as it is, for programs
    assert len(written[1].splitlines()) == 2


def test_a_notebook_that_cannot_be_graded_has_its_row(
    capsys: pytest.CaptureFixture[str], make_assignment: MakeAssignment, tmp_path: Path
) -> None:
    """As many cells as there are columns, so that every program reads the table."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "broken.ipynb").write_bytes(b"%PDF")
    (tmp_path / "class" / "good.ipynb").write_bytes(SOLUTION)
    table = tmp_path / "points.csv"

    assert (
        main(["grade", str(make_assignment()), str(tmp_path / "class"), "--csv", str(table)]) == 2
    )

    header, broken, good = csv.reader(table.read_text().splitlines())
    assert header == ["file", "points", "of", "q1", "q2"]
    assert broken[1:] == ["", "5.0", "", ""]
    assert good[1:] == ["3.0", "5.0", "3.0", ""]


def test_links_folders_and_large_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A link, a folder without notebooks and 200 MB are refused by name."""
    link, large = tmp_path / "link.ipynb", tmp_path / "large.ipynb"
    assert "contains no notebook" in unusable(capsys, "grade", "xor", tmp_path)
    link.symlink_to("/etc/passwd")
    with large.open("wb") as file:
        file.truncate(200 * 2**20)
    assert "is a link" in unusable(capsys, "grade", "xor", link)
    assert "is not a file" in unusable(capsys, "grade", "xor", "/dev/null")
    assert "200 MB" in unusable(capsys, "grade", "xor", large)


def test_broken_assignments(
    capsys: pytest.CaptureFixture[str], make_assignment: MakeAssignment, tmp_path: Path
) -> None:
    """A broken assignment is named by file and line, for every command."""
    folder = make_assignment(toml="colour = 3\n" + TOML)
    notebook = tmp_path / "a.ipynb"
    notebook.write_bytes(SOLUTION)
    expected = f"{folder}/assignment.toml:1: unknown key 'colour'"
    assert unusable(capsys, "grade", folder, notebook) == expected
    assert unusable(capsys, "build", folder, tmp_path / "out") == expected
    assert unusable(capsys, "grade", "nowhere", notebook) == "nowhere: no such assignment"


def test_hidden_test_that_does_not_import(
    capsys: pytest.CaptureFixture[str], make_assignment: MakeAssignment, tmp_path: Path
) -> None:
    """A hidden test that does not import is named by file and line, in one line."""
    folder = make_assignment(hidden=HIDDEN_TEST + "\nimport nothing_of_this_name\n")
    notebook = tmp_path / "a.ipynb"
    notebook.write_bytes(SOLUTION)
    line = unusable(capsys, "grade", folder, notebook)
    assert line.startswith(f"{folder}/hidden/test_tiny.py:14: cannot be collected: ")


@pytest.mark.parametrize("arguments", [[], ["grade"], ["grade", "xor"], ["mark"], ["build", "xor"]])
def test_wrong_arguments(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Arguments that make no command end with 2 and say how it is used."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: autograder" in capsys.readouterr().err


def test_build(
    capsys: pytest.CaptureFixture[str],
    make_assignment: MakeAssignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Building writes the notebook and the public data, and prints where it is."""
    folder = make_assignment(files={"data/a.csv": "1"})
    monkeypatch.chdir(tmp_path)
    assert main(["build", "tiny", "out/of/students"]) == 0
    assert capsys.readouterr().out == "out/of/students/tiny.ipynb\n"
    assert (tmp_path / "out/of/students/data/a.csv").read_text() == "1"
    assert main(["build", str(folder), "solved", "--solution"]) == 0
    solved = (tmp_path / "solved/tiny.ipynb").read_text()
    assert "np.asarray(x) * 2.0" in solved
    assert "np.asarray(x) * 2.0" not in (tmp_path / "out/of/students/tiny.ipynb").read_text()


def test_leaks(
    capsys: pytest.CaptureFixture[str], make_assignment: MakeAssignment, tmp_path: Path
) -> None:
    """A build that would let something out writes nothing."""
    folder = make_assignment(files={"data/test.py": HIDDEN_TEST})
    assert "would get out" in unusable(capsys, "build", folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_targets_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], make_assignment: MakeAssignment, tmp_path: Path
) -> None:
    """A file where a folder belongs is named, in one line."""
    folder = make_assignment()
    (tmp_path / "file").touch()
    assert "cannot be written" in unusable(capsys, "build", folder, tmp_path / "file")


def test_our_fault(
    capsys: pytest.CaptureFixture[str],
    make_assignment: MakeAssignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault of ours ends with 3, one line, and no zero for anybody."""

    def fail(*_: object, **__: object) -> object:
        raise ExaminerError("the examiner has ended")

    monkeypatch.setattr(Grader, "grade", fail)
    notebook = tmp_path / "a.ipynb"
    notebook.write_bytes(SOLUTION)
    target = tmp_path / "report.json"
    arguments = ["grade", make_assignment(), notebook, "--json", target]
    assert main(list(map(str, arguments))) == 3
    output = capsys.readouterr()
    assert output.err == f"autograder: internal error: {notebook}: the examiner has ended\n"
    assert "score" not in target.read_text()
    assert issubclass(ExaminerError, InternalError)


def test_no_environment(
    capsys: pytest.CaptureFixture[str],
    make_assignment: MakeAssignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine on which the notebooks' environment is missing says so, and ends with 3."""
    monkeypatch.setenv("AUTOGRADER_KERNEL_VENV", str(tmp_path / "nothing"))
    notebook = tmp_path / "a.ipynb"
    notebook.write_bytes(SOLUTION)
    assert main(["grade", str(make_assignment()), str(notebook)]) == 3
    assert "is not set up" in capsys.readouterr().err


def test_no_name_is_a_formula(make_assignment: MakeAssignment, tmp_path: Path) -> None:
    """A spreadsheet that opens the table of points computes no file's name."""
    (tmp_path / "=1+1.ipynb").write_bytes(SOLUTION)
    result = run(["grade", str(make_assignment()), "=1+1.ipynb", "--csv", "p.csv"], tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "p.csv").read_text().splitlines()[1] == '"./=1+1.ipynb",3.0,5.0,3.0,""'


def test_grade(make_assignment: MakeAssignment, tmp_path: Path) -> None:
    """
    Two notebooks of one name are graded from another folder: 0, whatever the score, and a list.

    In processes of their own, as people run it, with everything written that can be.
    """
    folder = make_assignment()
    for name, data in (("ann", SOLUTION), ("ben", as_bytes([("code", "x = 1")]))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tiny.ipynb").write_bytes(data)
    arguments = ["grade", str(folder), "ann/tiny.ipynb", "ben/tiny.ipynb"]
    arguments += ["--json", "out/reports.json", "--html", "out/pages", "--student"]
    arguments += ["--csv", "out/points.csv"]
    result = run(arguments, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "Traceback" not in result.stdout
    first, second = json.loads((tmp_path / "out/reports.json").read_text())
    assert (first["score"], second["score"], first["max_score"]) == (3, 0, 5)
    assert first["graded"]
    assert first["questions"][0]["tests"][0].keys() == {
        "title", "verdict", "visible", "message", "message_code", "hint", "line",
    }  # fmt: skip
    assert list(csv.reader((tmp_path / "out/points.csv").read_text().splitlines())) == [
        ["file", "points", "of", "q1", "q2"],
        ["ann/tiny.ipynb", "3.0", "5.0", "3.0", ""],
        ["ben/tiny.ipynb", "0.0", "5.0", "0.0", ""],
    ]
    pages = sorted(path.name for path in (tmp_path / "out/pages").iterdir())
    assert pages == ["ann-tiny.html", "ben-tiny.html"]
    for page in (tmp_path / "out/pages").iterdir():
        assert "test_tiny" not in page.read_text()
        assert ">tiny.ipynb</p>" in page.read_text()


def test_grade_a_folder(
    capsys: pytest.CaptureFixture[str],
    make_assignment: MakeAssignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A class is all notebooks of a folder; one that cannot be used is told, the rest is graded."""
    folder, handed_in = make_assignment(), Path("class")
    monkeypatch.chdir(tmp_path)
    files = {"ann/a.ipynb": SOLUTION, "ben.ipynb": b"%PDF", "cleo.ipynb": as_bytes([])}
    files |= {".ipynb_checkpoints/ben.ipynb": SOLUTION, "__MACOSX/._ben.ipynb": b"?", "a.txt": b""}
    for name, data in files.items():
        (handed_in / name).parent.mkdir(parents=True, exist_ok=True)
        (handed_in / name).write_bytes(data)
    twice = ["class", "class/cleo.ipynb"]
    assert main(["grade", str(folder), *twice, "--json", "marks.json"]) == 2
    output = capsys.readouterr()
    [line] = output.err.splitlines()
    assert line.startswith("autograder: class/ben.ipynb: is not a notebook")
    marks = [(each["file"], each["score"]) for each in json.loads(Path("marks.json").read_text())]
    assert marks == [("class/ann/a.ipynb", 3), ("class/cleo.ipynb", 0)]
    assert "2 of 3 notebooks graded, on average 1.5 of 5 points" in output.out
    assert [line.split() for line in output.out.splitlines()[-4:-1]] == [
        ["class/ann/a.ipynb", "2", "wait", "3", "/", "5"],
        ["class/ben.ipynb", "not", "graded"],
        ["class/cleo.ipynb", "2", "wait", "0", "/", "5"],
    ]


@pytest.mark.parametrize(("html", "page"), [("a.html", "a.html"), ("pages", "pages/größe.html")])
def test_grade_one(make_assignment: MakeAssignment, tmp_path: Path, html: str, page: str) -> None:
    """One notebook gives one object, for staff all that is known."""
    folder = make_assignment()
    (tmp_path / "größe.ipynb").write_bytes(b"\xef\xbb\xbf" + SOLUTION)
    (tmp_path / "pages").mkdir()
    arguments = ["grade", str(folder), "größe.ipynb", "--json", "a.json", "--html", html]
    result = run(arguments, tmp_path)
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (report["file"], report["score"]) == ("größe.ipynb", 3)
    assert report["questions"][0]["tests"][1].keys() >= {"id", "detail", "weight", "seconds"}
    assert report["questions"][1]["verdict"] == "pending"
    assert "<html" in (tmp_path / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_in_the_middle(
    make_assignment: MakeAssignment, tmp_path: Path, number: signal.Signals
) -> None:
    """A class that is ended waits for none of its cells, and leaves nothing behind."""
    folder = make_assignment(toml=TOML.replace("cell_seconds = 10", "cell_seconds = 200"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for name in "abcd":
        (tmp_path / f"{name}.ipynb").write_bytes(ENDLESS)
    # What runs in the background, as these tests may, has Ctrl-C ignored, and by nohup SIGHUP.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL); " + PROGRAM
    )
    notebooks = map(str, sorted(tmp_path.glob("?.ipynb")))
    with subprocess.Popen(
        [sys.executable, "-c", program, "grade", str(folder), *notebooks],
        env=os.environ | {"TMPDIR": str(scratch)},
    ) as process:
        # A warm process, an examiner, and at least two kernels with their guardians.
        deadline = time.monotonic() + 150
        while len(descendants := descendants_of(process.pid)) < 8 and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        try:
            assert len(descendants) >= 8
            assert process.wait(60) == (130 if number == signal.SIGINT else 128 + number)
        finally:
            process.kill()
    while left := descendants & parents().keys():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    assert [*scratch.iterdir()] == []


def test_page_that_cannot_be_written(make_assignment: MakeAssignment, tmp_path: Path) -> None:
    """It ends the class at once: cells that may run longer than this test are not waited for."""
    folder = make_assignment(toml=TOML.replace("cell_seconds = 10", "cell_seconds = 200"))
    (tmp_path / "file").touch()
    for name, data in (("a", SOLUTION), ("b", ENDLESS), ("c", ENDLESS)):
        (tmp_path / f"{name}.ipynb").write_bytes(data)
    notebooks = ["a.ipynb", "b.ipynb", "c.ipynb"]
    result = run(["grade", str(folder), *notebooks, "--html", "file/pages"], tmp_path)
    assert result.returncode == 2
    assert "cannot be written" in result.stderr


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_student_notebook_is_accepted(
    capsys: pytest.CaptureFixture[str], xor: Assignment, tmp_path: Path
) -> None:
    """The notebook that we build names its assignment, so another one refuses it."""
    path = tmp_path / "xor.ipynb"
    path.write_text(build_student(xor).text, encoding="utf-8")
    line = unusable(capsys, "grade", "perceptron", path)
    assert line == f"{path}: is a notebook of the assignment 'xor', not of 'perceptron'"


def test_magic_in_a_given_cell(
    capsys: pytest.CaptureFixture[str], make_assignment: MakeAssignment, tmp_path: Path
) -> None:
    """A master that no student notebook can be built from is named by file and line."""
    folder = make_assignment(cells=with_cell(CELLS, "name: q1", "name: q 1"))
    assert unusable(capsys, "build", folder, tmp_path / "out").startswith(f"{folder}/tiny.ipynb:")
