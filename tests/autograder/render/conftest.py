"""Reports and notebooks for tests of the renderers, and a look at the HTML that comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.cells import CellRun, CellStatus
from autograder.messages import text as text_message
from autograder.report import QuestionResult, Report, SourceLine, TestResult
from autograder.verdict import Verdict

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}
MAY_RUN = {"script", "iframe", "object", "embed", "svg", "form", "input", "button", "base", "link"}


@dataclass
class Elements(HTMLParser):
    """All elements of a page, in order, and whether they close in the order of their opening."""

    found: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    still_open: list[str] = field(default_factory=list)
    balanced: bool = True

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.still_open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self.still_open) and self.still_open.pop() == tag


def elements(page: str) -> Elements:
    """Read a page."""
    parser = Elements()
    parser.feed(page)
    parser.close()
    parser.balanced &= not parser.still_open
    return parser


def assert_harmless(page: str) -> None:
    """Check that nothing of a page can run, fetch or send anything."""
    parser = elements(page)
    tags = [tag for tag, _ in parser.found]
    ids = [attributes["id"] for _, attributes in parser.found if "id" in attributes]

    assert not MAY_RUN & set(tags)
    assert len(ids) == len(set(ids))
    assert parser.balanced
    for tag, attributes in parser.found:
        assert not [name for name in attributes if name.startswith("on")]
        assert not {"style", "srcdoc", "srcset", "action", "formaction", "background"} & {
            *attributes
        }
        # The name of a protocol may be written in any case.
        href = (attributes.get("href") or "").lower()
        assert (
            href.startswith(("http://", "https://", "#result-", "#cell-"))
            or "href" not in attributes
        )
        assert tag != "a" or href.startswith("#") or "nofollow" in (attributes.get("rel") or "")
        source = attributes.get("src") or ""
        assert source.startswith("data:image/") or "src" not in attributes
        assert "svg" not in source


@pytest.fixture
def harmless() -> Callable[[str], None]:
    """Return the check that nothing of a page can run, fetch or send anything."""
    return assert_harmless


@pytest.fixture(scope="session")
def balanced() -> Callable[[str], bool]:
    """Return the check that a fragment closes just what it opens."""
    return lambda fragment: elements(fragment).balanced


def make_test(title: str, verdict: Verdict = Verdict.FAILED, **changes: object) -> TestResult:
    """Make a test's result."""
    values: dict[str, object] = {
        "id": f"test::{title}",
        "question": "q1",
        "title": title,
        "verdict": verdict,
        "public": False,
        "weight": Fraction(1),
        "message": "" if verdict is Verdict.PASSED else "The result differs.",
    }
    values |= changes
    words = str(values["message"])
    return TestResult(**(values | {"message": text_message(words) if words else None}))  # type: ignore[arg-type]


def make_question(
    name: str = "q1", verdict: Verdict = Verdict.FAILED, *tests: TestResult, **changes: object
) -> QuestionResult:
    """Make a question's result."""
    score = {Verdict.PASSED: Fraction(2), Verdict.PENDING: None, Verdict.INTERNAL: None}
    values: dict[str, object] = {
        "id": name,
        "points": Fraction(2),
        "score": score.get(verdict, Fraction(1, 2)),
        "verdict": verdict,
        "tests": tests,
    }
    return QuestionResult(**(values | changes))  # type: ignore[arg-type]


def make_report(
    *questions: QuestionResult,
    cells: tuple[NotebookNode, ...] = (),
    runs: tuple[CellRun, ...] = (),
    title: str = "The perceptron",
) -> Report:
    """Make a report."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = list(cells)
    return Report(
        assignment="perceptron",
        title=title,
        assignment_hash="a" * 64,
        submission_sha256="b" * 64,
        seed=424242,
        questions=questions,
        cells=runs,
        notebook=notebook,
        seconds=1.25,
    )


def code(source: str, *outputs: NotebookNode) -> NotebookNode:
    """Make a code cell."""
    cell = nbformat.v4.new_code_cell(source)
    cell.outputs = list(outputs)
    return cell


def text(source: str) -> NotebookNode:
    """Make a text cell."""
    return nbformat.v4.new_markdown_cell(source)


def shows(data: dict[str, object]) -> NotebookNode:
    """Make an output that shows data by their types."""
    return NotebookNode(output_type="display_data", data=data, metadata=NotebookNode())


@dataclass(frozen=True)
class Make:
    """What tests build reports from."""

    test = staticmethod(make_test)
    question = staticmethod(make_question)
    report = staticmethod(make_report)
    code = staticmethod(code)
    text = staticmethod(text)
    shows = staticmethod(shows)


@pytest.fixture
def make() -> Make:
    """Return the makers of reports, questions, tests, cells and outputs."""
    return Make()


@pytest.fixture
def telling() -> Report:
    """Return a report in which much went wrong: secrets in details, hints, a line, dead cells."""
    secret = "test_q1.py:7: AssertionError: got 3.25, expected SECRET-VALUE"
    hint = "The bias enters with the wrong sign."
    line = SourceLine(2, 1, "return x @ w - b")
    failed = make_question(
        "q1",
        Verdict.ERROR,
        make_test("Any shape.", detail=f"{secret} 1\nSECRET-TRACE", hint=hint),
        make_test("Integers.", detail=f"{secret} 2", hint=hint),
        make_test("Zeros.", Verdict.ERROR, message="Your code raised ValueError.", line=line),
        make_test("Errors.", Verdict.PASSED, public=True),
        misconception="SECRET-MISCONCEPTION",
    )
    cells = (
        text("### Question 1"),
        code("return x @ w - b"),
        code('grader.check("q1")'),
        text("### Question 2"),
        text("My answer"),
    )
    runs = (CellRun(1, CellStatus.TIMEOUT, 30.0), CellRun(2, CellStatus.ERROR, error="SECRET-NAME"))
    pending = make_question("q2", Verdict.PENDING, answer_cells=(4,))
    return make_report(failed, pending, cells=cells, runs=runs)
