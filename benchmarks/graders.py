"""The graders that are compared, each behind the same two questions: how long, and what marks."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from autograder.assignment import Assignment
from autograder.closeable import Closeable
from autograder.environments import load_environment
from benchmarks.formats import nbgrader_source, otter_master
from benchmarks.measure import CommandError, Taken, run_command, sampled

ROOT: Final = Path(__file__).parent.parent
SPARE_KERNEL_SECONDS: Final = 1.5
Score = tuple[float, float]
Command = list[str | Path]
_NBGRADER_SCORES: Final = """
import json, sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as gradebook:
    print(json.dumps([
        [submission.student.id, submission.score, submission.max_score]
        for submission in gradebook.assignment_submissions(sys.argv[1])
    ]))
"""
_NBGRADER_SETTINGS: Final = """
c = get_config()
c.CourseDirectory.course_id = "bench"
c.ExecutePreprocessor.timeout = 120
"""


@dataclass(frozen=True)
class Submission:
    """
    One student's notebook.

    Args:
        student: Whose.
        notebook: The file, as otter and we get it.
        answers: The code of its answer cells, from which nbgrader's notebook is made.
    """

    student: str
    notebook: Path
    answers: tuple[str, ...]


class GraderUnderTest(Protocol):
    """One way to grade notebooks."""

    def grade(self, submissions: Sequence[Submission]) -> tuple[Taken, list[Score]]:
        """Grade, and give what it took and each submission's score and maximum."""


def environment(venv: Path, home: Path) -> dict[str, str]:
    """Return the environment of a peer's command: nothing of the caller's, a home of its own."""
    return {"PATH": f"{venv}/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}


class OtterRun:
    """
    ``otter run``, on the autograder zip that ``otter assign`` makes of our master.

    Args:
        assignment: What is graded.
        venv: otter-grader's virtual environment.
        folder: Where its files are made.
    """

    def __init__(self, assignment: Assignment, venv: Path, folder: Path) -> None:
        self._command: Command = [venv / "bin" / "otter", "run", "--no-logo", "-a"]
        self._folder = folder
        self._environment = environment(venv, folder)
        master = folder / f"{assignment.name}.ipynb"
        _write(master, otter_master(assignment))
        otter: Command = [venv / "bin" / "otter", "assign", "--no-run-tests", "--no-pdfs"]
        run_command([*otter, master, folder / "out"], folder, self._environment)
        (self._zip,) = (folder / "out" / "autograder").glob("*.zip")

    def grade(self, submissions: Sequence[Submission]) -> tuple[Taken, list[Score]]:
        """Grade one submission; otter run takes no more."""
        (submission,) = submissions
        results = self._folder / "results.json"
        results.unlink(missing_ok=True)
        command: Command = [*self._command, self._zip, "-o", self._folder, submission.notebook]
        taken = run_command(command, self._folder, self._environment)
        tests = [test for test in json.loads(results.read_text())["tests"] if "score" in test]
        score = sum(test["score"] for test in tests), sum(test["max_score"] for test in tests)
        return taken, [score]


class NbgraderAutograde:
    """
    ``nbgrader autograde``, one command for all submissions, on a gradebook that knows no marks yet.

    Args:
        assignment: What is graded.
        venv: nbgrader's virtual environment.
        folder: Where the course is made.
    """

    def __init__(self, assignment: Assignment, venv: Path, folder: Path) -> None:
        self._name = assignment.name
        self._venv = venv
        self._folder = folder
        self._environment = environment(venv, folder)
        (folder / "nbgrader_config.py").write_text(_NBGRADER_SETTINGS)
        source = folder / "source" / self._name / f"{self._name}.ipynb"
        _write(source, nbgrader_source(assignment))
        self._nbgrader("generate_assignment", self._name)
        self._release = folder / "release" / self._name / f"{self._name}.ipynb"
        shutil.copyfile(folder / "gradebook.db", folder / "gradebook.new")

    def grade(self, submissions: Sequence[Submission]) -> tuple[Taken, list[Score]]:
        """Grade all submissions in one command."""
        for name in ("submitted", "autograded"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        shutil.copyfile(self._folder / "gradebook.new", self._folder / "gradebook.db")
        for each in submissions:
            place = self._folder / "submitted" / each.student / self._name
            _write(place / f"{self._name}.ipynb", self._filled_in(each))
        taken = self._nbgrader("autograde", "--force", self._name)
        scores = {student: (score, most) for student, score, most in self._scores()}
        return taken, [scores[each.student] for each in submissions]

    def _filled_in(self, submission: Submission) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._release.read_text())
        answers = iter(submission.answers)
        for cell in document["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                cell["source"] = f"# {submission.student}\n{next(answers)}"
        assert next(answers, None) is None, "an answer has no cell"
        return document

    def _nbgrader(self, *arguments: str) -> Taken:
        command: Command = [self._venv / "bin" / "nbgrader", *arguments]
        return run_command(command, self._folder, self._environment)

    def _scores(self) -> list[tuple[str, float, float]]:
        command: Command = [self._venv / "bin" / "python", "-c", _NBGRADER_SCORES, self._name]
        output = subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, check=True
        )
        return [(each[0], each[1], each[2]) for each in json.loads(output.stdout)]


class AutograderCommand:
    """
    Our command line, cold: ``autograder grade``, one command for all submissions.

    Args:
        assignment: What is graded.
        venv: Our virtual environment.
        folder: Its home.
    """

    def __init__(self, assignment: Assignment, venv: Path, folder: Path) -> None:
        self._command: Command = [venv / "bin" / "autograder", "grade", assignment.folder]
        self._folder = folder
        self._environment = environment(venv, folder)

    def grade(self, submissions: Sequence[Submission]) -> tuple[Taken, list[Score]]:
        """Grade all submissions in one command."""
        report = self._folder / "report.json"
        report.unlink(missing_ok=True)
        notebooks = [each.notebook for each in submissions]
        command: Command = [*self._command, "--json", report, *notebooks]
        wall = run_command(command, ROOT, self._environment).wall_seconds
        watched = run_command(command, ROOT, self._environment, watched=True)
        taken = Taken(wall, watched.cpu_seconds)
        views = json.loads(report.read_text())
        views = views if isinstance(views, list) else [views]
        return taken, [(view["score"], view["max_score"]) for view in views]


class Conversation(Closeable):
    """
    A process that lives through the comparison and answers one line of JSON to each line.

    Args:
        command: What starts it; its first line says that it is warm.
        environment: Its environment.
        folder: Where it runs.
    """

    def __init__(
        self, command: Sequence[str | Path], environment: dict[str, str], folder: Path = ROOT
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        self._process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._answer()

    def close(self) -> None:
        """End the process, which reads to the end of its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._errors.close()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, line: str) -> dict[str, Any]:
        """Send one line and give the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            text = self._errors.read().decode(errors="replace")[-3000:]
            raise CommandError(f"{self._process.args!r} has ended:\n{text}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def start_worker(assignments: Sequence[Assignment], venv: Path, home: Path) -> Conversation:
    """Start a warm grader for assignments."""
    folders = [each.folder for each in assignments]
    command: Command = [venv / "bin" / "python", "-m", "benchmarks.worker", *folders]
    return Conversation(command, environment(venv, home))


def start_bare(assignment: Assignment, venv: Path, home: Path) -> Conversation:
    """Start a process that has imported what a warm kernel of ours has."""
    kernels = load_environment(assignment.environment)
    modules = kernels.preload + kernels.modules_for(assignment.master.packages)
    settings = environment(venv, home) | {"MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return Conversation(
        [venv / "bin" / "python", ROOT / "benchmarks" / "bare.py", *modules], settings
    )


class WarmGrader:
    """
    Our grader in a process that lives, as in a portal's worker.

    Wall time is from the file's bytes to the report as JSON. CPU time is that of the whole tree of
    processes (grader, examiners, fork server, kernels), from the request until the next spare
    kernel is ready.

    Args:
        assignment: What is graded.
        worker: The process; other assignments may share it.
    """

    def __init__(self, assignment: Assignment, worker: Conversation) -> None:
        self._assignment = assignment
        self._worker = worker

    def grade(self, submissions: Sequence[Submission]) -> tuple[Taken, list[Score]]:
        """Grade one submission."""
        (submission,) = submissions
        job = {"assignment": str(self._assignment.folder), "notebook": str(submission.notebook)}
        with sampled(self._worker.pid) as tree:
            answer = self._worker.ask(json.dumps(job))
            time.sleep(SPARE_KERNEL_SECONDS)
        taken = Taken(answer["wall_seconds"], tree.cpu_seconds())
        return taken, [(answer["score"][0], answer["score"][1])]


class BareCells:
    """
    The cells alone, in a forked child of a process that has imported the libraries; no marks.

    Args:
        process: That process.
    """

    def __init__(self, process: Conversation) -> None:
        self._process = process

    def grade(self, submissions: Sequence[Submission]) -> tuple[Taken, list[Score]]:
        """Run one submission's cells."""
        (submission,) = submissions
        answer = self._process.ask(str(submission.notebook))
        if not answer["succeeded"]:
            raise CommandError("the bare cells raised an exception")
        return Taken(answer["wall_seconds"], answer["cpu_seconds"]), []


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
