"""
What came of a submission: points, verdicts and hints, for staff and for the student.

`StaffView` and `StudentView` are separate types, made from a `Report` in one place each; what a
student may read is chosen field by field here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from autograder.cells import CellRun, CellStatus
from autograder.errors import StoredReportError
from autograder.messages import Message, MessageCode
from autograder.typed import check_types
from autograder.verdict import Verdict, combined

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from nbformat import NotebookNode

View = TypeVar("View", bound="StudentView | StaffView")
Kind = TypeVar("Kind", bound="DataclassInstance")
VERSION: Final = 2
"""Of a view's JSON. 1 held sentences in place of messages' codes; both are read."""


@dataclass(frozen=True)
class SourceLine:
    """
    A line of the student's own notebook.

    Args:
        cell: Number of the cell, from 1.
        line: Number of the line in it, from 1.
        text: The line, from the submission.
    """

    cell: int
    line: int
    text: str


@dataclass(frozen=True)
class TestResult:
    """
    What came of one test.

    Args:
        id: The test's id, for staff.
        question: The question it belongs to.
        title: First line of its docstring.
        verdict: What came of it.
        public: Whether students have the test.
        weight: Its share among the question's public or hidden tests.
        detail: What happened, for staff only: may hold hidden inputs.
        message: What a student may read of what happened; ``None`` if it passed.
        hint: A recognised misconception's hint.
        line: Where the student's code raised.
        seconds: Wall time.
    """

    __test__ = False

    id: str
    question: str
    title: str
    verdict: Verdict
    public: bool
    weight: Fraction
    detail: str = ""
    message: Message | None = None
    hint: str | None = None
    line: SourceLine | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class QuestionResult:
    """
    What came of one question.

    Args:
        id: The question's id.
        points: What it is worth.
        score: What was earned, in tenths; ``None`` while it is not graded.
        verdict: Of all its tests together.
        tests: Their results.
        misconception: The recognised misconception's title, for staff.
        answer_cells: Cells of a written answer, by number from 0.
        own_cells: The student's own cells for it, by number from 0; none if they cannot be told.
        title: What it asks for, in a few words of its author's.
    """

    id: str
    points: Fraction
    score: Fraction | None
    verdict: Verdict
    tests: tuple[TestResult, ...] = ()
    misconception: str | None = None
    answer_cells: tuple[int, ...] = ()
    own_cells: tuple[int, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Report:
    """
    What came of a submission.

    Args:
        assignment: Name of the assignment.
        title: What people call it.
        assignment_hash: Hash of all that decided about the marks.
        submission_sha256: Hash of the submitted bytes.
        seed: Of the hidden inputs.
        questions: In the notebook's order.
        cells: How each code cell ran.
        notebook: The executed notebook.
        seconds: Wall time of the grading.
        given: Code cells that are still as students get them, by number from 0.
    """

    assignment: str
    title: str
    assignment_hash: str
    submission_sha256: str
    seed: int
    questions: tuple[QuestionResult, ...]
    cells: tuple[CellRun, ...]
    notebook: NotebookNode = field(repr=False, compare=False)
    seconds: float = field(default=0.0, compare=False)
    given: frozenset[int] = frozenset()

    @property
    def score(self) -> Fraction:
        """The points earned so far."""
        return sum((question.score or Fraction(0) for question in self.questions), Fraction(0))

    @property
    def max_score(self) -> Fraction:
        """The points of all questions, written ones too."""
        return sum((question.points for question in self.questions), Fraction(0))

    @property
    def graded(self) -> bool:
        """Whether nothing was left ungraded by a fault of ours."""
        return all(question.verdict is not Verdict.INTERNAL for question in self.questions)

    def staff_view(self) -> StaffView:
        """Return all that is known."""
        return StaffView(
            version=VERSION,
            assignment=self.assignment,
            title=self.title,
            assignment_hash=self.assignment_hash,
            submission_sha256=self.submission_sha256,
            seed=self.seed,
            score=float(self.score),
            max_score=float(self.max_score),
            graded=self.graded,
            questions=tuple(map(_staff_question, self.questions)),
            cells=tuple(
                StaffCell(
                    run.index + 1,
                    run.status,
                    round(run.seconds, 3),
                    run.error,
                    run.index in self.given,
                )
                for run in self.cells
            ),
            seconds=round(self.seconds, 3),
        )

    def student_view(self) -> StudentView:
        """Return what a student may read: no hidden input, output, expected value or path."""
        return StudentView(
            version=VERSION,
            assignment=self.assignment,
            title=self.title,
            assignment_hash=self.assignment_hash,
            submission_sha256=self.submission_sha256,
            score=float(self.score),
            max_score=float(self.max_score),
            graded=self.graded,
            questions=tuple(map(_student_question, self.questions)),
            cells=tuple(
                StudentCell(run.index + 1, run.status, run.index in self.given)
                for run in self.cells
            ),
        )


@dataclass(frozen=True)
class StudentTest:
    """What a student reads of a test."""

    title: str
    verdict: Verdict
    visible: bool
    message: Message | None
    hint: str | None
    line: SourceLine | None


@dataclass(frozen=True)
class StudentQuestion:
    """What a student reads of a question."""

    id: str
    score: float | None
    max_score: float
    verdict: Verdict
    tests: tuple[StudentTest, ...]
    own_cells: tuple[int, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class StudentCell:
    """What a student reads of a cell's run."""

    number: int
    status: CellStatus
    given: bool = False


@dataclass(frozen=True)
class StudentView:
    """What a student reads of a report."""

    version: int
    assignment: str
    title: str
    assignment_hash: str
    submission_sha256: str
    score: float
    max_score: float
    graded: bool
    questions: tuple[StudentQuestion, ...]
    cells: tuple[StudentCell, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain data, which `from_json` reads."""
        return _as_json(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """
        Read a view that was stored, by this version or an earlier one.

        Raises:
            StoredReportError: If it is none.
        """
        return _from_json(cls, StudentQuestion, StudentTest, StudentCell, data)


@dataclass(frozen=True)
class StaffTest:
    """What staff read of a test."""

    id: str
    title: str
    verdict: Verdict
    visible: bool
    weight: str
    detail: str
    message: Message | None
    hint: str | None
    line: SourceLine | None
    seconds: float


@dataclass(frozen=True)
class StaffQuestion:
    """What staff read of a question."""

    id: str
    score: float | None
    max_score: float
    verdict: Verdict
    misconception: str | None
    answer_cells: tuple[int, ...]
    tests: tuple[StaffTest, ...]
    own_cells: tuple[int, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class StaffCell:
    """What staff read of a cell's run."""

    number: int
    status: CellStatus
    seconds: float
    error: str | None
    given: bool = False


@dataclass(frozen=True)
class StaffView:
    """What staff read of a report."""

    version: int
    assignment: str
    title: str
    assignment_hash: str
    submission_sha256: str
    seed: int
    score: float
    max_score: float
    graded: bool
    questions: tuple[StaffQuestion, ...]
    cells: tuple[StaffCell, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return plain data, which `from_json` reads."""
        return _as_json(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """
        Read a view that was stored, by this version or an earlier one.

        Raises:
            StoredReportError: If it is none.
        """
        return _from_json(cls, StaffQuestion, StaffTest, StaffCell, data)


def question_score(
    points: Fraction, public_share: Fraction, tests: Iterable[TestResult]
) -> Fraction:
    """
    Return a question's score: points times passed weight over total weight, in tenths.

    The public tests share `public_share` of the points by their weights, the hidden ones the rest.
    Computed in exact fractions and rounded once, half up; full marks stay full.
    """
    results = list(tests)
    earned = Fraction(0)
    for public, share in ((True, public_share), (False, 1 - public_share)):
        group = [test for test in results if test.public is public]
        total = sum((test.weight for test in group), Fraction(0))
        passed = sum((test.weight for test in group if test.verdict is Verdict.PASSED), Fraction(0))
        if total:
            earned += share * passed / total
    tenths = points * earned * 10 + Fraction(1, 2)
    return min(points, Fraction(tenths.numerator // tenths.denominator, 10))


def question_verdict(tests: Iterable[TestResult]) -> Verdict:
    """Return a question's verdict."""
    return combined(test.verdict for test in tests)


def _student_question(question: QuestionResult) -> StudentQuestion:
    return StudentQuestion(
        question.id,
        None if question.score is None else float(question.score),
        float(question.points),
        question.verdict,
        tuple(
            StudentTest(
                test.title, test.verdict, test.public, test.message, test.hint, _told_line(test)
            )
            for test in question.tests
        ),
        question.own_cells,
        question.title,
    )


def _told_line(test: TestResult) -> SourceLine | None:
    """Return the line that the message names: staff see where every test raised, students not."""
    without = (None, MessageCode.RAISED, MessageCode.RAISED_TOO)
    code = test.message.code if test.message is not None else None
    return None if code in without else test.line


def _staff_question(question: QuestionResult) -> StaffQuestion:
    return StaffQuestion(
        question.id,
        None if question.score is None else float(question.score),
        float(question.points),
        question.verdict,
        question.misconception,
        question.answer_cells,
        tuple(
            StaffTest(
                test.id,
                test.title,
                test.verdict,
                test.public,
                str(test.weight),
                test.detail,
                test.message,
                test.hint,
                test.line,
                round(test.seconds, 3),
            )
            for test in question.tests
        ),
        question.own_cells,
        question.title,
    )


def _as_json(view: StudentView | StaffView) -> dict[str, Any]:
    data = asdict(view)
    messages = [test.message for question in view.questions for test in question.tests]
    tests = [test for question in data["questions"] for test in question["tests"]]
    for message, test in zip(messages, tests, strict=True):
        # The sentence is for readers without a catalogue; `from_json` reads the code.
        test["message"] = str(message) if message else ""
        test["message_code"] = message.as_json() if message else None
    return data


def _from_json(
    view: type[View], question: type[Any], test: type[Any], cell: type[Any], data: Mapping[str, Any]
) -> View:
    try:
        made = _filled(
            view,
            data,
            questions=tuple(_question(question, test, each) for each in data["questions"]),
            cells=tuple(
                _filled(cell, each, status=CellStatus(each["status"])) for each in data["cells"]
            ),
        )
        check_types(made)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoredReportError(f"a stored report cannot be read: {error!r}") from error
    return made


def _question(kind: type[Any], test: type[Any], data: Mapping[str, Any]) -> Any:
    values: dict[str, Any] = {
        "verdict": Verdict(data["verdict"]),
        "tests": tuple(_test(test, each) for each in data["tests"]),
    }
    for name in ("answer_cells", "own_cells"):
        if name in data:
            values[name] = tuple(data[name])
    return _filled(kind, data, **values)


def _test(kind: type[Any], data: Mapping[str, Any]) -> Any:
    line = data["line"]
    return _filled(
        kind,
        data,
        verdict=Verdict(data["verdict"]),
        message=Message.from_json(data.get("message_code") or data["message"]),
        line=_filled(SourceLine, line) if line else None,
    )


def _filled(kind: type[Kind], data: Mapping[str, Any], **values: Any) -> Kind:
    """Make a value of its fields; what a later version has added beside them is passed over."""
    known = {name: value for name, value in data.items() if name in _field_names(kind)}
    return kind(**known | values)


# A class's statistics read thousands of tests.
@cache
def _field_names(kind: type[Any]) -> frozenset[str]:
    return frozenset(each.name for each in fields(kind))
