"""
Make the fixtures beside this file by the code of the checkout that runs it (commit 1c44f2a).

    cd CHECKOUT && PYTHONPATH=. .venv/bin/python .../compat/make.py [reports] [portal] [expected]

``reports``: what ``autograder grade --json`` writes; ``portal``: a data folder and a backup;
``expected``: what the code says of both. Without arguments: all of it. Everything is made from
``assignments/`` beside this file, from the checkout's ``perceptron`` and ``xor``, and from
``benchmarks.samples``.

The portal's clock is made up (autumn 2025), so that nothing in it depends on when it was made; the
exam "vectors" is open till 2099. Everybody's password is PASSWORD.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import html
import io
import json
import lzma
import os
import re
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import threading
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
ASSIGNMENTS = HERE / "assignments"
PORTAL, REPORTS = HERE / "portal", HERE / "reports"
PASSWORD = "try-the-portal"
SLUG = "old-course"
ADMIN = "admin@example.org"
INSTRUCTOR = "iris@example.org"
GRADER = "gus@example.org"
OPEN_LINK = "newcomer@example.org"
STUDENTS = {
    "Ada": "Ada Example",
    "Ben": "=HYPERLINK(0)",
    "Clara": "Clara Ünïcode-Müller ✓",
    "Dario": "Dario Esempio",
    "Ella": "Ella Ejemplo",
    "Finn": "Finn Exemple",
    "Greta": "Greta Mustermann",
    "Hugo": "Hugo Placeholder",
    "Ida": "Ida Specimen",
    "Jonas": "Jonas Testfall",
    "Kira": "Kira Muster",
    "Newcomer": "Newcomer without password",
}


class Clock:
    """The made-up time; each look at it takes a hundredth of a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._time = datetime(2025, 9, 20, 8, tzinfo=UTC)

    def set(self, *date: int) -> datetime:
        with self._lock:
            self._time = datetime(*date, tzinfo=UTC)
            return self._time

    def __call__(self) -> datetime:
        with self._lock:
            self._time += timedelta(milliseconds=10)
            return self._time


CLOCK = Clock()


# ---- notebooks ----


def edited(data: bytes, *changes: tuple[str, str]) -> bytes:
    """Replace text that stands in one code or Markdown cell of a notebook."""
    document = json.loads(data)
    for old, new in changes:
        found = [cell for cell in document["cells"] if old in "".join(cell["source"])]
        assert len(found) == 1, (old, len(found))
        found[0]["source"] = "".join(found[0]["source"]).replace(old, new)
    return json.dumps(document).encode()


def kinds_notebook(assignment):
    """A notebook in which each question of "kinds" fails in a way of its own."""
    from autograder.build import build_solution

    bodies = {
        "wrong": "return 3 * x",
        "raises": "return 3 * x / [][0]",
        "endless": "while True:\n        pass",
        "greedy": "kept = []\n    while True:\n        kept.append(bytearray(b'x') * 10**7)",
        "leaving": "import os\n    os._exit(3)",
        "infinite": "return np.full(np.shape(x), np.nan)",
    }
    document = copy.deepcopy(build_solution(assignment).notebook)
    for cell in document["cells"]:
        source = "".join(cell["source"])
        for name, body in bodies.items():
            if f"def {name}(" in source:
                cell["source"] = f"def {name}(x):\n    {body}"
        if "def absent(" in source:
            cell["source"] = "absent_minded = 1 / 0  # nothing is defined here"
        if "def noisy(" in source:
            cell["source"] = "while True:\n    print('x' * 10_000)\n\n" + source
        if "elsewhere =" in source:
            cell["source"] = "elsewhere = np.array([1.0, 2.0])  # too short"
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


# ---- reports ----


def make_reports() -> None:
    from autograder.assignment import find_assignment, load_assignment
    from autograder.build import build_solution
    from benchmarks.samples import write_samples

    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        perceptron = load_assignment(find_assignment("perceptron"))
        write_samples(perceptron, folder / "perceptron")
        xor = load_assignment(find_assignment("xor"))
        (folder / "xor").mkdir()
        (folder / "xor" / "solved.ipynb").write_text(build_solution(xor).text)
        kinds = load_assignment(ASSIGNMENTS / "kinds")
        (folder / "kinds").mkdir()
        (folder / "kinds" / "kinds.ipynb").write_bytes(kinds_notebook(kinds))
        found = {}
        before = Path.cwd()
        os.chdir(folder)
        try:
            for path in sorted(folder.rglob("*.ipynb")):
                where = path.relative_to(folder)
                assignment = {
                    "perceptron": perceptron.folder, "xor": xor.folder, "kinds": kinds.folder,
                }[where.parts[0]]  # fmt: skip
                found |= grade_one(assignment, where)
            # A class in one go: an array in the JSON, and the table.
            both = ["perceptron/blank.ipynb", "perceptron/perfect.ipynb"]
            grade(perceptron.folder, *both, "--json", "class.json", "--csv", "class.csv")
        finally:
            os.chdir(before)
        found["class.staff"] = json.loads((folder / "class.json").read_text())
        (REPORTS / "class.csv").write_bytes((folder / "class.csv").read_bytes())
        for name, document in found.items():
            text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
            write_gz(REPORTS / f"{name}.json.gz", text.encode())
        with xz_tar(REPORTS / "notebooks.tar.xz") as archive:
            for path in sorted(folder.rglob("*.ipynb")):
                archive.add(path, str(path.relative_to(folder)), filter=plain_member)
    verdicts = {
        test["verdict"]
        for name, report in found.items()
        for one in (report if isinstance(report, list) else [report])
        for question in one["questions"]
        for test in [question, *question["tests"]]
    }
    print("verdicts of the reports:", sorted(verdicts))


def grade(*arguments: object) -> int:
    from autograder.cli import main

    return main(["grade", *map(str, arguments)])


def grade_one(assignment: Path, where: Path) -> dict[str, object]:
    found = {}
    for reader, options in (("staff", []), ("student", ["--student"])):
        target = Path(f"{where.stem}.{reader}.json")
        assert grade(assignment, where, "--json", target, *options) == 0, where
        found[f"{where.parts[0]}-{where.stem}.{reader}"] = json.loads(target.read_text())
    return found


# ---- the portal ----


def make_portal() -> None:
    # Before anything of the portal is imported: models take `now` as a default.
    import web.db

    real = web.db.now
    assert "web.models" not in sys.modules
    web.db.now = CLOCK
    try:
        shutil.rmtree(PORTAL, ignore_errors=True)
        PORTAL.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copytree(
                ASSIGNMENTS, folder / "assignments", ignore=shutil.ignore_patterns("__pycache__")
            )
            os.environ["AUTOGRADER_DATA"] = str(folder / "data")
            os.environ["AUTOGRADER_ASSIGNMENTS"] = str(folder / "assignments")
            os.environ.pop("AUTOGRADER_DATABASE_URL", None)
            Maker(folder).make()
            finish_portal(folder / "data")
    finally:
        web.db.now = real


class Maker:
    """Makes the course by the use cases that the pages call."""

    def __init__(self, folder: Path) -> None:
        from web.config import Settings
        from web.db import open_database
        from web.setup import migrate

        self.folder = folder
        self.settings = Settings.from_environment()
        migrate(self.settings)
        self.database = open_database(self.settings.database_url)

    def make(self) -> None:
        from autograder.grade import Grader
        from web.worker import Worker

        self.begin()
        self.hand_in_pendulum()
        self.hand_in_vectors()
        with Grader(spares=0) as grader:
            self.worker = Worker(self.settings, self.database, grader, "worker-1")
            self.lose_and_damage()
            CLOCK.set(2025, 11, 2, 10)
            self.work()
            self.restore_lost()
            self.grade_by_people()
            self.regrade_pendulum()
        self.make_up_vectors()
        self.open_regrade()
        self.leave_waiting()
        self.database.engine.dispose()

    # -- helpers

    def user(self, session, who: str):
        from web.models import User

        email = who if "@" in who else f"{who.lower()}@example.org"
        return session.query(User).filter_by(email=email).one()

    def assignment(self, session, name: str):
        from web.models import CourseAssignment

        return session.query(CourseAssignment).filter_by(name=name).one()

    def attempt(self, session, name: str, who: str, number: int = 1):
        from web.models import Submission

        found = session.query(Submission).filter_by(number=number)
        return found.filter_by(
            assignment_id=self.assignment(session, name).id, user_id=self.user(session, who).id
        ).one()

    def loaded(self, name: str):
        from autograder.assignment import load_assignment

        return load_assignment(self.folder / "assignments" / name)

    def hand_in(self, name: str, who: str, data: bytes, *date: int, file: str = "") -> str:
        from web.services import submissions

        at = CLOCK.set(*date)
        with self.database.write.begin() as session:
            found = submissions.hand_in(
                session,
                self.settings.submissions,
                self.user(session, who),
                self.assignment(session, name),
                file or f"{name}.ipynb",
                data,
                at,
            )
            return found.public_id

    def stored(self, session, submission) -> Path:
        from web.services import submissions

        return submissions.stored_file(self.settings.submissions, submission)

    def work(self) -> None:
        while self.worker.work_once():
            pass

    # -- the steps

    def begin(self) -> None:
        from web.models import CountedAttempt, Role, User
        from web.services import accounts, assignments, courses, gradebook, release, roster
        from web.services import snapshots
        from web.services.assignments import AssignmentRules, ExtensionTerms

        contents = [
            snapshots.prepare(self.settings.snapshots, self.settings.assignment_folders, name)
            for name in ("pendulum", "vectors")
        ]
        with self.database.write.begin() as session:
            admin = User(email=ADMIN, name="Alma Admin", is_admin=True)
            session.add(admin)
            session.flush()
            course = courses.make_course(session, admin, SLUG, "An old course", "Europe/Berlin")
            iris = courses.name_instructor(session, admin, course, INSTRUCTOR, "Iris Instructor")
            lines = ["email;name;student number;section"]
            for number, (first, name) in enumerate(STUDENTS.items()):
                section = "Monday" if number % 2 else "Thursday"
                lines.append(f"{first.lower()}@example.org;{name};{4_000_001 + number};{section}")
            taken = roster.take_in(
                session, iris, course, roster.parse_roster("\n".join(lines)), Role.STUDENT
            )
            staff = roster.parse_roster(f"email,name\n{GRADER},Gus Grader")
            roster.take_in(session, iris, course, staff, Role.GRADER)
            by_name = {each.user.name: each for each in taken.added}
            roster.change(
                session, iris, by_name[STUDENTS["Ella"]],
                role=Role.STUDENT, time_multiplier=1.5, active=True,
            )  # fmt: skip
            accounts.set_password(admin, PASSWORD)
            for each in session.query(User).all():
                if each.email != OPEN_LINK:
                    each.password_hash = admin.password_hash
            for content in contents:
                assignments.add_to_course(
                    session, iris, course, snapshots.take_up(session, content)
                )
            rules = AssignmentRules(
                release_at=datetime(2025, 10, 1, 6, tzinfo=UTC),
                due_at=datetime(2025, 10, 20, 21, 59, tzinfo=UTC),
                cutoff_at=datetime(2025, 10, 24, 21, 59, tzinfo=UTC),
                grace_minutes=10,
                late_percent_per_day=10.0,
                max_attempts=None,
                attempts_per_hour=20,
                counted=CountedAttempt.BEST,
                results_at=None,
                solution_at=datetime(2025, 10, 26, tzinfo=UTC),
                weight=1.0,
            )
            pendulum = self.assignment(session, "pendulum")
            assignments.set_rules(session, iris, pendulum, rules)
            vectors = self.assignment(session, "vectors")
            exam = AssignmentRules(
                release_at=datetime(2025, 10, 1, 6, tzinfo=UTC),
                due_at=datetime(2099, 1, 1, tzinfo=UTC),
                cutoff_at=None,
                grace_minutes=0,
                late_percent_per_day=0.0,
                max_attempts=3,
                attempts_per_hour=None,
                counted=CountedAttempt.LAST,
                results_at=datetime(2099, 2, 1, tzinfo=UTC),
                solution_at=None,
                weight=2.5,
            )
            assignments.set_rules(session, iris, vectors, exam)
            release.set_grading_rules(
                session,
                iris,
                vectors,
                release.GradingRules(True, True, datetime(2099, 3, 1, tzinfo=UTC)),
            )
            gradebook.set_rules(
                session, iris, course,
                gradebook.GradeRules(
                    {pendulum.id: 1.0, vectors.id: 2.5}, frozenset({pendulum.id}), 1
                ),
            )  # fmt: skip
            assignments.extend(
                session, iris, pendulum, self.user(session, "Finn"),
                ExtensionTerms(datetime(2025, 10, 31, 22, 59, tzinfo=UTC), None, 0, "Illness."),
            )  # fmt: skip
            assignments.extend(
                session, iris, vectors, self.user(session, "Ada"),
                ExtensionTerms(None, None, 2, "The kernel of the room's computer died."),
            )  # fmt: skip
            # One link that was used, and one that stays open for ever: its token is kept.
            token = accounts.invite(session, self.user(session, "Ada"), iris)
            session.flush()
            accounts.accept(session, token, PASSWORD)
            self.open_token = accounts.invite(session, self.user(session, OPEN_LINK), iris)
            session.flush()
            session.execute(
                __import__("sqlalchemy").text(
                    "UPDATE invitation SET expires_at = '2099-01-01 00:00:00.000000'"
                    " WHERE used_at IS NULL"
                )
            )
        (PORTAL / "open_link.txt").write_text(f"/invitation/{self.open_token}\n")
        with self.database.write.begin() as session:
            try:
                accounts.sign_in(session, "ida@example.org", "a wrong password", "192.0.2.7")
            except accounts.SignInRefused:
                pass  # the failure counts

    def hand_in_pendulum(self) -> None:
        from web.demo.notebooks import Work, notebook

        assignment = self.loaded("pendulum")
        proof = "The restoring force"
        solved = notebook(assignment, Work())

        def work(**how: object) -> bytes:
            return notebook(assignment, Work(**how))

        def add(who: str, data: bytes, *date: int, file: str = "") -> str:
            return self.hand_in("pendulum", who, data, 2025, *date, file=file)

        add("Ada", work(wrong=(("q1", "Half a period."),)), 10, 10, 9)
        add("Ada", edited(solved, (proof, "PROOF. The restoring force")), 10, 12, 9, 30)
        add(
            "Ben",
            work(wrong=(("q2", "No check."),)),
            10,
            21,
            12,
            file="../<b>Ben's</b> \u202efile.ipynb",
        )
        broken = edited(
            solved,
            ("return 2 * np.pi * np.sqrt(length / g)", "return 2 * np.pi * np.sqrt(len / g)"),
        )
        add(
            "Clara",
            edited(
                broken,
                (
                    proof,
                    "<script>alert(1)</script> $\\sin\\varphi < \\varphi$. The restoring force",
                ),
            ),
            10,
            20,
            22,
            5,
        )
        add("Dario", work(blank=True), 10, 20, 23, 30)
        add("Ella", work(wrong=(("q1", "Lengths divided in place."),), endless="q2"), 10, 25, 12)
        add("Finn", work(undone=("q2",)), 10, 30, 12)
        self.damaged = add("Greta", work(wrong=(("q1", "2 pi missing."),)), 10, 15, 12)
        self.lost = add("Hugo", solved, 10, 16, 12)
        add("Kira", work(wrong=(("q1", "Lengths divided in place."),)), 10, 17, 12)
        add(
            "Kira",
            work(wrong=(("q1", "2 pi missing."), ("q2", "The slope instead of g."))),
            10,
            22,
            23,
        )
        add(INSTRUCTOR, solved, 10, 5, 12, file="try-out.ipynb")

    def hand_in_vectors(self) -> None:
        from web.demo.notebooks import Work, notebook

        assignment = self.loaded("vectors")
        self.hand_in("vectors", "Ada", notebook(assignment, Work()), 2025, 11, 1, 9)
        worse = notebook(
            assignment, Work(wrong=(("q1", "Root forgotten."), ("q2", "Lengths forgotten.")))
        )
        self.hand_in("vectors", "Ada", worse, 2025, 11, 1, 10)
        self.hand_in("vectors", "Ben", worse.replace(b"\n", b"\n"), 2025, 11, 1, 11)

    def lose_and_damage(self) -> None:
        with self.database.write.begin() as session:
            damaged = self.stored(session, self.attempt(session, "pendulum", "Greta"))
            damaged.write_bytes(damaged.read_bytes()[:2000])
            path = self.stored(session, self.attempt(session, "pendulum", "Hugo"))
            self.away = (path, path.rename(self.folder / "away.ipynb"))

    def restore_lost(self) -> None:
        path, away = self.away
        away.rename(path)

    def grade_by_people(self) -> None:
        from web.services import comments, grading, overrides, release, requests
        from web.services.grading import Entered

        CLOCK.set(2025, 11, 3, 9)
        with self.database.write.begin() as session:
            gus, iris = self.user(session, GRADER), self.user(session, INSTRUCTOR)
            pendulum = self.assignment(session, "pendulum")

            def grade(who: str, *how: object, number: int = 1, by=gus) -> None:
                submission = self.attempt(session, "pendulum", who, number)
                grading.save(session, by, submission, "q3", Entered(*how))

            first = comments.add(session, gus, pendulum, "q3", "Well argued.")
            comments.add(
                session,
                gus,
                pendulum,
                "q3",
                "Say *why* the force grows more slowly: $\\sin\\varphi < \\varphi$.",
            )
            grade("Ada", 0, (0, 1), None, "", first.text, number=2)
            grade("Ben", 0, (0,), None, "", "Too large or too small?")
            grade("Ben", 1, (0, 1), None, "", "On a second look the conclusion is there.", by=iris)
            grade("Clara", 0, (0,), 2, "Half of the first item.", "See $\\varphi^3$.")
            grade("Dario", 0, (), 0, "", "")
            grade("Finn", 0, (1,))
            grade("Kira", 0, (0, 1))
            # Kira's second attempt and Ada's first await nobody, since they do not count.
            taken = grading.take_next(session, gus, pendulum, "q3")
            assert taken is not None and taken.user.name == STUDENTS["Ella"], taken
            overrides.set_points(
                session, iris, self.attempt(session, "pendulum", "Finn"), "q1", 15,
                "The sign of g is a matter of taste.",
            )  # fmt: skip
            overrides.set_points(
                session, gus, self.attempt(session, "pendulum", "Dario"), "q3", 1,
                "One tenth for honesty.",
            )  # fmt: skip
        CLOCK.set(2025, 11, 4, 9)
        with self.database.write.begin() as session:
            gus, iris = self.user(session, GRADER), self.user(session, INSTRUCTOR)
            release.release(session, iris, self.assignment(session, "pendulum"))
        CLOCK.set(2025, 11, 4, 12)
        with self.database.write.begin() as session:
            gus = self.user(session, GRADER)
            clara = self.attempt(session, "pendulum", "Clara")
            asked = requests.ask(session, clara, "q1", "It is a slip: `len` for *length*.")
            session.flush()
            requests.answer(session, gus, asked, accepted=True, text="Half of it, then.", tenths=10)
            ben = self.attempt(session, "pendulum", "Ben")
            asked = requests.ask(session, ben, "q2", "NumPy broadcasts, so why not?")
            session.flush()
            requests.answer(session, gus, asked, accepted=False, text="The text says `ValueError`.")
            requests.ask(session, ben, "q2", "But look at line 3 again, please.")
            finn = self.attempt(session, "pendulum", "Finn")
            asked = requests.ask(session, finn, "q3", "I wrote more than that.")
            session.flush()
            requests.answer(session, gus, asked, accepted=True, text="Yes, but it changes nothing.")

    def mend(self, name: str, *changes: tuple[str, str, str]) -> None:
        from web.services import assignments, snapshots

        for file, old, new in changes:
            path = self.folder / "assignments" / name / file
            text = path.read_text()
            assert text.count(old) == 1, (file, old)
            path.write_text(text.replace(old, new))
        content = snapshots.prepare(self.settings.snapshots, self.settings.assignment_folders, name)
        with self.database.write.begin() as session:
            snapshot = snapshots.take_up(session, content)
            iris = self.user(session, INSTRUCTOR)
            assignments.use_snapshot(session, iris, self.assignment(session, name), snapshot)

    def regrade_pendulum(self) -> None:
        from web.services import regrades
        from web.services.regrades import Scope

        CLOCK.set(2025, 11, 6, 9)
        self.mend(
            "pendulum",
            ("hidden/test_pendulum.py", '@pytest.mark.question("q1", weight=2)', '@pytest.mark.question("q1")'),
        )  # fmt: skip
        with self.database.write.begin() as session:
            iris, pendulum = self.user(session, INSTRUCTOR), self.assignment(session, "pendulum")
            regrades.start(session, iris, pendulum, Scope.ALL)
        CLOCK.set(2025, 11, 6, 10)
        self.work()
        with self.database.write.begin() as session:
            iris, pendulum = self.user(session, INSTRUCTOR), self.assignment(session, "pendulum")
            (regrade,) = regrades.of_assignment(session, pendulum)
            changes = regrades.publish(
                session, iris, regrade, never_lower=True,
                note="The first hidden check of question 1 counted twice.",
            )  # fmt: skip
            print(
                "published:",
                [(each.submission.user.name, each.difference, each.job.kept) for each in changes],
            )
        CLOCK.set(2025, 11, 7, 10)
        with self.database.write.begin() as session:
            iris, pendulum = self.user(session, INSTRUCTOR), self.assignment(session, "pendulum")
            chosen = [self.attempt(session, "pendulum", who).public_id for who in ("Ben", "Clara")]
            regrade = regrades.start(session, iris, pendulum, Scope.SELECTED, chosen)
            session.flush()
            regrades.discard(session, iris, regrade)

    # -- "vectors": made-up reports, so that every verdict and state is there

    def made_up(
        self, session, submission, snapshot, verdicts: dict[str, str], *, half: bool = False
    ):
        import nbformat

        from autograder.execute import CellRun, CellStatus
        from autograder.report import QuestionResult, Report, SourceLine, TestResult
        from autograder.verdict import Verdict, combined

        worth = {"q1": Fraction(2), "q2": Fraction(7, 2), "q3": Fraction(5, 2)}
        questions = []
        for name, points in worth.items():
            if name == "q3":
                questions.append(
                    QuestionResult(name, points, None, Verdict.PENDING, answer_cells=(4,))
                )
                continue
            verdict = Verdict(verdicts.get(name, "passed"))
            good = verdict is Verdict.PASSED
            tests = (
                TestResult(f"test_{name}_public", name, "3 and 4 give 5." if name == "q1" else "A worked number.", Verdict.PASSED if good or half else verdict, public=True, weight=Fraction(1), seconds=0.01),
                TestResult(
                    f"test_{name}_hidden", name, "Right for any two vectors.", verdict, public=False, weight=Fraction(3),
                    detail="" if good else "test_vectors.py:21: AssertionError: 0.5 is not 0.25\nsecond line", message="" if good else "Your answer is not right for some inputs.",
                    hint=None if good or verdict is not Verdict.FAILED else "Try your function on 2x in place of x: the angle is the same.",
                    line=SourceLine(4, 2, "    return float(x @ y)") if verdict is Verdict.ERROR else None, seconds=0.25,
                ),
            )  # fmt: skip
            earned = points if good else points * Fraction(1, 2) if half else Fraction(0)
            earned = Fraction(int(earned * 10), 10)
            title = "Lengths forgotten." if verdict is Verdict.FAILED else None
            questions.append(
                QuestionResult(
                    name, points, earned, combined(t.verdict for t in tests), tests, title
                )
            )
        data = json.loads(self.stored(session, submission).read_bytes())
        ran = nbformat.from_dict(data)
        cells = []
        for index, cell in enumerate(ran.cells):
            if cell.cell_type == "code":
                bad = index > 1 and "timeout" in verdicts.values()
                cells.append(
                    CellRun(
                        index,
                        CellStatus.TIMEOUT if bad else CellStatus.OK,
                        0.1,
                        None if bad else 1,
                        "NameError" if bad else None,
                    )
                )
                cell.outputs = [
                    nbformat.v4.new_output("stream", name="stdout", text="<b>hello</b>\n")
                ]
        return Report(
            assignment="vectors", title=snapshot.title, assignment_hash=snapshot.content_hash,
            submission_sha256=submission.sha256, seed=7, questions=tuple(questions),
            cells=tuple(cells), notebook=ran, seconds=1.25,
        )  # fmt: skip

    def make_up_vectors(self) -> None:
        from web.demo.notebooks import Work, notebook
        from web.models import SubmissionState
        from web.services import grading, leases, overrides, submissions
        from web.models import Submission
        from web.services.grading import Entered

        solved = notebook(self.loaded("vectors"), Work())
        kinds = {
            "Clara": ({"q1": "error", "q2": "timeout"}, True),
            "Dario": ({"q1": "missing", "q2": "memory"}, False),
            "Ella": ({"q1": "output_limit", "q2": "kernel_died"}, True),
            "Finn": ({"q1": "invalid", "q2": "skipped"}, False),
            "Kira": ({"q2": "failed"}, True),
        }
        for number, (who, (verdicts, half)) in enumerate(kinds.items()):
            self.hand_in("vectors", who, solved + b" " * number, 2025, 11, 10, 9 + number)
            CLOCK.set(2025, 11, 10, 9 + number, 30)
            with self.database.write.begin() as session:
                found = submissions.claim(session, "worker-2")
                assert found is not None and found.user.email == f"{who.lower()}@example.org"
                made = self.made_up(session, found, found.assignment.snapshot, verdicts, half=half)
                assert submissions.finish(
                    session, found.id, "worker-2", made, json.dumps(made.notebook)
                )
        for who, end in (("Greta", "refuse"), ("Hugo", "give_back")):
            self.hand_in("vectors", who, solved, 2025, 11, 11, 9)
            CLOCK.set(2025, 11, 11, 10)
            with self.database.write.begin() as session:
                for _ in range(leases.MAX_TRIES):
                    found = submissions.claim(session, "worker-2")
                    if found is None:
                        break
                    words = (
                        "The file: is no notebook of this assignment"
                        if end == "refuse"
                        else "[Errno 5] Input/output error"
                    )
                    assert getattr(leases, end)(session, Submission, found.id, "worker-2", words)
                    session.flush()
        CLOCK.set(2025, 11, 12, 9)
        with self.database.write.begin() as session:
            gus, iris = self.user(session, GRADER), self.user(session, INSTRUCTOR)
            clara = self.attempt(session, "vectors", "Clara")
            grading.save(
                session, gus, clara, "q3", Entered(0, (0, 1, 2), None, "", "**Nearly** complete.")
            )
            grading.save(
                session, gus, self.attempt(session, "vectors", "Kira"), "q3", Entered(0, (2,))
            )
            overrides.set_points(
                session,
                iris,
                self.attempt(session, "vectors", "Dario"),
                "q1",
                5,
                "The name was misprinted.",
            )
            from web.services import comments

            comments.add(
                session,
                gus,
                self.assignment(session, "vectors"),
                "q3",
                "When are both sides equal?",
            )
            assert SubmissionState.GRADED

    def open_regrade(self) -> None:
        from web.models import RegradeJob
        from web.services import leases, regrade_queue, regrades
        from web.services.regrades import Scope

        CLOCK.set(2025, 11, 14, 9)
        self.mend(
            "vectors",
            (
                "assignment.toml",
                'title = "Vectors – an exam"',
                'title = "Vectors – the exam, mended"',
            ),
        )
        with self.database.write.begin() as session:
            iris, vectors = self.user(session, INSTRUCTOR), self.assignment(session, "vectors")
            regrades.start(session, iris, vectors, Scope.ALL)
        CLOCK.set(2025, 11, 14, 10)
        with self.database.write.begin() as session:
            for number, verdicts in enumerate(({"q2": "failed"}, {"q1": "failed"})):
                job = regrade_queue.claim(session, "worker-3")
                made = self.made_up(
                    session, job.submission, job.regrade.snapshot, verdicts, half=True
                )
                assert regrade_queue.finish(
                    session, job.id, "worker-3", made, json.dumps(made.notebook)
                )
                session.flush()
            job = regrade_queue.claim(session, "worker-3")
            assert leases.refuse(
                session, RegradeJob, job.id, "worker-3", "The file: cell 3 is too long"
            )
            session.flush()
            for _ in range(leases.MAX_TRIES):
                job = regrade_queue.claim(session, "worker-3")
                assert leases.give_back(
                    session, RegradeJob, job.id, "worker-3", "the wall could not be built"
                )
                session.flush()
            assert regrade_queue.claim(session, "worker-3") is not None

    def leave_waiting(self) -> None:
        from web.demo.notebooks import Work, notebook
        from web.models import Submission
        from web.services import leases, submissions

        solved = notebook(self.loaded("vectors"), Work())
        self.hand_in("vectors", "Jonas", solved, 2025, 11, 15, 9)
        CLOCK.set(2025, 11, 15, 10)
        with self.database.write.begin() as session:
            found = submissions.claim(session, "worker-4")
            told = {"stage": "test", "number": 1, "total": 4, "question": "q2"}
            assert leases.extend(session, Submission, found.id, "worker-4", progress=told)
        self.hand_in("vectors", "Ida", solved, 2025, 11, 15, 11)
        from web.models import Role
        from web.services import roster

        with self.database.write.begin() as session:
            kira = next(each for each in self.user(session, "Kira").memberships)
            roster.change(
                session, self.user(session, INSTRUCTOR), kira,
                role=Role.STUDENT, time_multiplier=1.0, active=True,
            )  # fmt: skip


def finish_portal(data: Path) -> None:
    """Pack the data folder as it is, and a backup by the command; write the schema down."""
    from autograder.cli import main

    connection = sqlite3.connect(data / "portal.sqlite3")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name"
    ).fetchall()
    (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    counts = {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
    }
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("VACUUM")
    connection.close()
    text = f"-- Alembic revision {version}\n" + "".join(f"{sql};\n" for (sql,) in rows)
    (PORTAL / "schema.sql").write_text(text)
    (PORTAL / "rows.json").write_text(json.dumps(counts, indent=1) + "\n")
    target = PORTAL / "backup.tar.gz"
    assert main(["backup", str(target)]) == 0
    with xz_tar(PORTAL / "data.tar.xz") as archive:
        for path in sorted(data.rglob("*")):
            if (
                path.is_file()
                and "__pycache__" not in path.parts
                and not path.name.endswith(("-wal", "-shm"))
            ):
                archive.add(path, str(path.relative_to(data)), filter=plain_member)


# ---- what the code says ----


class Browser:
    """A person's browser."""

    def __init__(self, app, email: str | None) -> None:
        self.client = app.test_client()
        if email is not None:
            answer = self.post("/sign-in", "/sign-in", email=email, password=PASSWORD)
            assert answer.status_code == 303, (email, answer.status_code)

    def post(self, page: str, place: str, **data: str):
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert found, page
        return self.client.post(place, data={"csrf_token": found[1], **data})

    def get(self, place: str):
        return self.client.get(place)


def text_of(markup: str) -> str:
    """The words of a piece of a page, spaces made one."""
    markup = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def facts_of(page: str) -> dict[str, object]:
    """What a page of a submission tells, by the marks of its markup."""

    def texts(pattern: str) -> list[str]:
        return [text_of(found) for found in re.findall(pattern, page, re.DOTALL)]

    rows = []
    table = re.search(r'<table class="overview">.*?</table>', page, re.DOTALL)
    if table:
        for row in re.findall(r"<tr>(.*?)</tr>", table[0], re.DOTALL):
            rows.append(
                [text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
            )
    remarks = []
    for part in page.split('<div class="remark">')[1:]:
        remarks.append(text_of(re.split(r'<details class="ask"|</section>|<form', part)[0]))
    return {
        "heading": texts(r"<h1>(.*?)</h1>"),
        "score": texts(r'<p class="score">(.*?)</p>'),
        "questions": rows,
        "hints": texts(r'<p class="hint">(.*?)</p>'),
        "messages": texts(r'<p class="message">(.*?)</p>'),
        "recognised": texts(r'<p class="quiet">(Recognised: .*?)</p>'),
        "source_lines": texts(r'<p class="source">(.*?)</p>'),
        "checks": len(re.findall(r'<span class="check">', page)),
        "checks_by_verdict": count(
            texts(r'<li>(<span class="verdict[^>]*>.*?</span>) <span class="check">')
        ),
        "notices": texts(r'<div class="notice[^"]*"[^>]*>(.*?)</div>'),
        "remarks": remarks,
        "may_ask": re.findall(r'<textarea id="ask-([^"]+)"', page),
        "late": texts(r"<p>(Handed in .*?)</p>"),
        "notebook_frame": "<iframe" in page,
    }


def count(words: list[str]) -> dict[str, int]:
    return {word: words.count(word) for word in dict.fromkeys(words)}


def mark_facts(mark) -> dict[str, object] | None:
    if mark is None:
        return None
    return {
        "tenths": mark.tenths,
        "penalty_tenths": mark.penalty_tenths,
        "final_tenths": mark.final_tenths,
        "max_tenths": mark.max_tenths,
        "awaiting": list(mark.awaiting),
        "questions": {
            each.id: {"tenths": each.tenths, "tests": each.tests_tenths, "max": each.max_tenths}
            for each in mark.questions
        },
    }


def make_expected() -> None:
    found: dict[str, object] = {"commit": "1c44f2a", "password": PASSWORD, "course": SLUG}
    pages: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        with tarfile.open(PORTAL / "data.tar.xz") as archive:
            archive.extractall(data, filter="data")
        os.environ["AUTOGRADER_DATA"] = str(data)
        os.environ["AUTOGRADER_ASSIGNMENTS"] = str(ASSIGNMENTS)
        os.environ.pop("AUTOGRADER_DATABASE_URL", None)
        look_at_portal(found, pages)
        check_backup(Path(name) / "restored", data)
    (HERE / "expected.json").write_text(compact(found) + "\n")
    text = json.dumps(pages, indent=1, ensure_ascii=False)
    (PORTAL / "pages.json.xz").write_bytes(lzma.compress(text.encode(), preset=9))


def look_at_portal(found: dict[str, object], pages: dict[str, str]) -> None:
    from web.config import Settings
    from web.db import open_database
    from web.factory import create_app
    from web.models import (
        Course, CourseAssignment, Extension, ManualGrade, Membership, PointsOverride, Regrade,
        RegradeRequest, SavedComment, Submission, User,
    )  # fmt: skip
    from web.services import class_results, gradebook, marks, regrade_report, regrades
    from web.services import snapshots, submissions
    from web.services.class_results import Which

    settings = Settings.from_environment()
    database = open_database(settings.database_url)
    app = create_app(settings, database)
    app.testing = True
    staff = f"/courses/{SLUG}/staff"
    instructor, grader = Browser(app, INSTRUCTOR), Browser(app, GRADER)
    readers = {
        "instructor": instructor,
        "grader": grader,
        "admin": Browser(app, ADMIN),
        "nobody": Browser(app, None),
    }
    with database.read() as session:
        people = {each.email: each.password_hash is not None for each in session.query(User).all()}
    browsers = {
        email: Browser(app, email) for email, has_password in people.items() if has_password
    }

    def keep(who: str, browser: Browser, place: str) -> str:
        answer = browser.get(place)
        pages[f"{who} {place}"] = f"{answer.status_code} {text_of(answer.text)}"
        return answer.text

    described = {}
    with database.read() as session:
        for each in session.query(Submission).order_by(Submission.id).all():
            key = f"{each.assignment.name} {each.user.email} {each.number}"
            place = f"/submissions/{each.public_id}/"
            own = browsers[each.user.email]
            status = own.get(f"{place}status.json").get_json()
            student_page = keep(each.user.email, own, place)
            staff_page = keep("instructor", instructor, f"/staff{place}")
            if each.result is not None:
                keep(each.user.email, own, f"{place}notebook")
                keep("instructor", instructor, f"{place}notebook?as=staff")
                written = f"{staff}/grading/{each.assignment.name}"
                keep("grader", grader, f"{written}/q3/{each.public_id}/")
                keep("instructor", instructor, f"{written}/preview/{each.public_id}/")
            described[key] = {
                "public_id": each.public_id,
                "state": str(each.state),
                "reason": each.reason,
                "sha256": each.sha256,
                "late_seconds": each.late_seconds,
                "released": each.released_at is not None,
                "snapshot": each.snapshot.content_hash,
                "results": len(
                    session.execute(
                        __import__("sqlalchemy").text(
                            "SELECT id FROM result WHERE submission_id = :n"
                        ),
                        {"n": each.id},
                    ).all()
                ),
                "status": status,
                "mark": mark_facts(marks.mark_of(session, each)),
                "student_mark": mark_facts(marks.student_mark(session, each)),
                "student_page": facts_of(student_page),
                "staff_page": facts_of(staff_page),
            }
            answer = own.get(f"{place}file")
            assert answer.status_code == 200
            stored = submissions.stored_file(settings.submissions, each).read_bytes()
            assert answer.data == stored
        found["submissions"] = described
        course = session.query(Course).one()
        book = gradebook.gradebook(session, course)
        found["standing"] = {
            row.member.user.email: {
                "total": None if row.total.share is None else str(row.total.share),
                "dropped": len(row.total.dropped),
                "settled": [row.total.settled, row.total.weighted],
                "entries": {
                    entry.assignment.name: {
                        "standing": str(entry.standing),
                        "tenths": entry.tenths,
                        "counts": None if entry.mark is None else entry.mark.submission.number,
                    }
                    for entry in row.entries
                },
            }
            for row in book.rows
        }
        found["own_grades"] = {
            row.member.user.email: {
                entry.assignment.name: [str(entry.standing), entry.tenths]
                for entry in (gradebook.own_grades(session, course, row.member.user) or row).entries
            }
            for row in book.rows
        }
        found["statistics"], found["notebooks"] = {}, {}
        for each in session.query(CourseAssignment).order_by(CourseAssignment.name).all():
            for which in Which:
                numbers = class_results.class_statistics(session, each, which)
                found["statistics"][f"{each.name} {which}"] = plain(asdict(numbers))
            # The bytes themselves stand in data.tar.xz, beside the snapshot's folder.
            found["notebooks"][each.name] = {
                kind: hashlib.sha256(
                    snapshots.notebook(settings.snapshots, each.snapshot, kind)
                ).hexdigest()
                for kind in ("student", "solution")
            }
        found["regrades"] = {}
        for each in session.query(Regrade).order_by(Regrade.id).all():
            place = f"{staff}/assignments/{each.assignment.name}/regrades/{each.id}/"
            keep("instructor", instructor, place)
            changes = regrades.changes(session, each)
            found["regrades"][str(each.id)] = {
                "assignment": each.assignment.name,
                "state": str(each.state),
                "jobs": {str(state): n for state, n in regrades.progress(session, each).items()},
                "summary": plain(asdict(regrade_report.summary(changes))),
                "differences_csv": instructor.get(f"{place}differences.csv").data.decode(),
            }
        found["requests"] = [
            [each.submission.public_id, each.question, str(each.state), each.text, each.answer]
            for each in session.query(RegradeRequest).order_by(RegradeRequest.id).all()
        ]
        found["comments"] = [
            [each.question, each.text]
            for each in session.query(SavedComment).order_by(SavedComment.id).all()
        ]
        found["grades"] = [
            [
                each.submission_id, each.question, each.version, each.points_tenths,
                [item["index"] for item in each.items], each.reason, each.comment,
                each.grader.email,
            ]
            for each in session.query(ManualGrade).order_by(ManualGrade.id).all()
        ]  # fmt: skip
        found["overrides"] = [
            [
                each.submission_id,
                each.question,
                each.points_tenths,
                each.reason,
                each.created_by.email,
            ]
            for each in session.query(PointsOverride).order_by(PointsOverride.id).all()
        ]
        found["extensions"] = [
            [each.user.email, str(each.due_at), each.extra_attempts, each.reason]
            for each in session.query(Extension).order_by(Extension.id).all()
        ]
        found["people"] = {
            each.user.email: [
                each.user.name, str(each.role), each.user.student_number, each.section,
                each.time_multiplier, each.active,
            ]
            for each in session.query(Membership).order_by(Membership.id).all()
        }  # fmt: skip
        found["assignments"] = {
            each.name: {
                "title": each.snapshot.title, "max_tenths": each.snapshot.max_tenths,
                "questions": each.snapshot.questions, "content_hash": each.snapshot.content_hash,
                "due_at": str(each.due_at), "cutoff_at": str(each.cutoff_at),
                "results_at": str(each.results_at), "counted": str(each.counted),
                "late_percent_per_day": each.late_percent_per_day, "weight": each.weight,
                "grades_released": each.grades_released_at is not None,
            }
            for each in session.query(CourseAssignment).order_by(CourseAssignment.id).all()
        }  # fmt: skip
        names = [each.name for each in book.assignments]
    for who, browser in readers.items():
        for place in ("/admin/courses/", f"/courses/{SLUG}/", "/account"):
            keep(who, browser, place)
        for page in (
            "", "assignments/", "grading/", "requests/", "people/", "audit/", "gradebook/",
        ):  # fmt: skip
            keep(who, browser, f"{staff}/{page}")
        for name in names:
            keep(who, browser, f"/courses/{SLUG}/assignments/{name}/")
            for page in (
                f"assignments/{name}/", f"assignments/{name}/statistics",
                f"assignments/{name}/statistics?attempts=first", f"assignments/{name}/export",
                f"assignments/{name}/export?unreleased=1&absent_as_zero=1", f"assignments/{name}/regrades/",
                f"grading/{name}/", f"grading/{name}/q3/",
            ):  # fmt: skip
                keep(who, browser, f"{staff}/{page}")
    for email, browser in browsers.items():
        for place in (
            f"/courses/{SLUG}/",
            *(f"/courses/{SLUG}/assignments/{name}/" for name in names),
        ):
            keep(email, browser, place)
    link = (PORTAL / "open_link.txt").read_text().strip()
    found["open_link"] = [link, readers["nobody"].get(link).status_code]
    found["exports"] = exports(instructor, staff, names)
    found["routes"] = sorted(
        f"{','.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
    )
    bad = [key for key, text in pages.items() if text.startswith("5")]
    assert not bad, bad
    database.engine.dispose()


def exports(instructor: Browser, staff: str, names: list[str]) -> dict[str, object]:
    import zipfile

    found: dict[str, object] = {}
    for label, choice in (("", {}), (" unreleased", {"unreleased": "1", "absent_as_zero": "1"})):
        answer = instructor.post(f"{staff}/gradebook/", f"{staff}/gradebook/export", **choice)
        assert answer.status_code == 200
        found[f"gradebook.csv{label}"] = answer.data.decode()
        for name in names:
            place = f"{staff}/assignments/{name}/export"
            for kind in ("plain", "canvas") if choice else ("plain", "canvas", "gradescope"):
                answer = instructor.post(place, place, kind=kind, title="A title", **choice)
                if answer.status_code != 200:
                    found[f"{name} {kind}{label}"] = [answer.status_code, text_of(answer.text)]
                elif kind == "gradescope":
                    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
                        members = {each: archive.read(each).decode() for each in archive.namelist()}
                    found[f"{name} {kind}{label}"] = {
                        each: json.loads(text) if each.endswith(".json") else text
                        for each, text in members.items()
                    }
                else:
                    found[f"{name} {kind}{label}"] = answer.data.decode()
    return found


def check_backup(restored: Path, data: Path) -> None:
    """The backup comes back as the same rows and files."""
    from autograder.cli import main

    os.environ["AUTOGRADER_DATA"] = str(restored)
    assert main(["restore", str(PORTAL / "backup.tar.gz")]) == 0
    counts = json.loads((PORTAL / "rows.json").read_text())
    with sqlite3.connect(restored / "portal.sqlite3") as connection:
        for name, number in counts.items():
            assert connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] == number, (
                name
            )
    files = {path.relative_to(restored) for path in restored.rglob("*") if path.is_file()}
    others = {path.relative_to(data) for path in data.rglob("*") if path.is_file()}
    assert {str(f) for f in files ^ others} <= {"portal.sqlite3-wal", "portal.sqlite3-shm"}, (
        files ^ others
    )


def plain(value: object) -> object:
    """JSON's values of what dataclasses hold."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Fraction) else value


def compact(value: object, depth: int = 0) -> str:
    """JSON of which what is short stands on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + depth < 110 or not isinstance(value, dict | list):
        return line
    pad = "\n" + " " * (depth + 1)
    if isinstance(value, list):
        return "[" + ",".join(pad + compact(each, depth + 1) for each in value) + pad[:-1] + "]"
    parts = (
        f"{pad}{json.dumps(key, ensure_ascii=False)}: {compact(each, depth + 1)}"
        for key, each in value.items()
    )
    return "{" + ",".join(parts) + pad[:-1] + "}"


def write_gz(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def xz_tar(path: Path):
    # Notebooks and results are much alike, farther apart than gzip looks back.
    return tarfile.open(path, "w:xz", preset=9)


def plain_member(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
    return member


def main() -> None:
    chosen = sys.argv[1:] or ["reports", "portal", "expected"]
    if len(chosen) > 1:
        # Each in a process of its own: the portal is made under another clock.
        for each in chosen:
            import subprocess

            subprocess.run([sys.executable, __file__, each], check=True)
        return
    {"reports": make_reports, "portal": make_portal, "expected": make_expected}[chosen[0]]()


if __name__ == "__main__":
    main()
