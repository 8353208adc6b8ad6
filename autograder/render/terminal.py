"""A report in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.render.findings import QuestionView, SummaryView, names, points, summary
from autograder.render.outcomes import FindingView, OutcomeView
from autograder.report import Report, SourceLine
from autograder.untrusted_text import one_line

MAX_WIDTH: Final = 120
_COLOURS: Final = {"good": "green", "bad": "red", "wait": "yellow"}
_ASCII: Final = str.maketrans("✔✘…━─┃│•\u2013", "+x~=.||*-")


def print_report(report: Report, path: Path, *, student: bool = False) -> None:
    """
    Print a report to standard output: in colour on a terminal, else plain.

    Args:
        report: What came of a submission.
        path: The submitted file.
        student: Whether to show only what the student may read.
    """
    # Untrusted: code that sleeps in a hidden call would tell by the time what it was given.
    seconds = None if student else report.seconds
    page = _page(summary(report, student=student), path, seconds)
    _print(page, sys.stdout)


def print_class(reports: Sequence[tuple[Path, Report | None]]) -> None:
    """
    Print a line for each notebook, and the mean, below the reports of a class.

    Args:
        reports: The submitted files, in order, and what came of each; ``None`` if nothing.
    """
    rows = Table.grid(expand=True, padding=(0, 0, 0, 2))
    rows.add_column(ratio=1, overflow="fold")
    for _ in range(2):
        rows.add_column(justify="right", no_wrap=True)
    graded = []
    for path, report in reports:
        name = one_line(path)
        if report is None:
            rows.add_row(name, Text("not graded", style="yellow"), "")
            continue
        told = summary(report, student=False)
        graded.append(told)
        waiting = f"{points(told.waiting_points)} wait" if told.waiting else ""
        worth = f"{points(told.score)} / {points(told.points)}"
        rows.add_row(name, Text(waiting, style="yellow"), worth)
    count = f"{len(graded)} of {len(reports)} notebooks graded"
    if graded:
        mean = sum(told.score for told in graded) / len(graded)
        count += f", on average {mean:.1f} of {points(graded[0].points)} points"
    _print(Padding(Group(Text(count, style="bold"), Text(), rows), (1, 1)), sys.stdout)


def _print(page: RenderableType, stream: TextIO) -> None:
    console = Console(file=stream, highlight=False)
    console.width = min(MAX_WIDTH, console.width)
    with console.capture() as capture:
        console.print(page)
    text = "".join(_trimmed(capture.get()))
    stream.write(_encodable(text, getattr(stream, "encoding", None) or "utf-8"))
    stream.flush()


def _trimmed(text: str) -> Iterator[str]:
    """Take off the spaces with which lines are filled up: they spoil copies and diffs."""
    for line in text.splitlines():
        yield line.rstrip() + "\n"


def _encodable(text: str, encoding: str) -> str:
    """Replace what the terminal cannot show, rather than to fail."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
    return text


def _page(report: SummaryView, path: Path, seconds: float | None) -> RenderableType:
    parts = [_header(report, path, seconds), Text()]
    for number, question in enumerate(report.questions):
        if number and not (question.passed and report.questions[number - 1].passed):
            parts.append(Text())
        parts.append(_question(question))
    parts += _footer(report)
    return Padding(Group(*parts), (1, 1))


def _header(report: SummaryView, path: Path, seconds: float | None) -> RenderableType:
    top = _row()
    score = f"{points(report.score)} of {points(report.points)} points"
    top.add_row(Text(report.title, style="bold"), Text(score, style="bold"))
    source = Text(one_line(path), style="dim", overflow="fold")
    took = "" if seconds is None else f"graded in {seconds:.1f} s"
    top.add_row(source, Text(took, style="dim"))
    return Group(top, _Bar(report))


class _Bar:
    """The points as a bar over the whole width: earned, waiting, lost."""

    def __init__(self, report: SummaryView) -> None:
        total = report.points or 1.0
        self._earned = report.score / total
        self._waiting = report.waiting_points / total

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[Text]:
        width = options.max_width
        earned = round(self._earned * width)
        waiting = round(self._waiting * width)
        lost = max(0, width - earned - waiting)
        yield Text.assemble(
            ("━" * earned, "green"), ("━" * waiting, "yellow"), ("─" * lost, "red dim")
        )


def _question(question: QuestionView) -> RenderableType:
    head = _row()
    title = _mark(question.outcome)
    title.append(question.name, style="bold")
    title.append(f": {question.title}  " if question.title else "  ")
    title.append(question.outcome.words, style=_COLOURS[question.outcome.kind])
    if question.tally and not question.passed:
        title.append(f", {question.tally}", style="dim")
    worth = f"{points(question.score)} / {points(question.points)}"
    head.add_row(title, Text(worth, style=_COLOURS[question.outcome.kind]))
    if question.passed:
        return head
    findings = [each for each in question.findings if each.outcome.kind != "good"]
    below: list[RenderableType] = [_Hint(hint) for hint in question.hints]
    if question.misconception:
        below.append(Text(f"Recognised: {question.misconception}", style="dim italic"))
    below += [_finding(each) for each in findings]
    return Group(head, *map(_below, below))


class _Hint:
    """A hint with a bar at its left, so that it catches the eye without colour too."""

    def __init__(self, hint: str) -> None:
        self._text = Text.assemble(("Hint: ", "bold yellow"), (hint, "bold"))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in self._text.wrap(console, options.max_width - 2):
            yield Text.assemble(("┃ ", "yellow"), line)


def _finding(finding: FindingView) -> RenderableType:
    head = _mark(finding.outcome)
    if finding.told_in is not None:
        head.append(f"Same reason as in {finding.told_in.name}.")
    else:
        head.append(finding.message or finding.outcome.words)
    rows = [_indented(head)]
    if finding.line is not None and finding.told_in is None:
        rows.append(_below(_source(finding.line, finding.message)))
    if finding.also_in:
        also = names(each.name for each in finding.also_in)
        rows.append(_below(Text(f"Tests of {also} fail for the same reason.", style="dim")))
    for check in finding.first_checks:
        rows.append(_below(_indented(Text.assemble(("• ", "dim"), check.title))))
        if finding.tells_apart(check):
            rows.append(_below(_cut(check.place_and_brief), 4))
    if finding.others:
        rows.append(_below(_indented(Text.assemble(("• ", "dim"), (finding.others, "dim")))))
    if finding.common_detail:
        rows.append(_below(_cut(finding.common_detail)))
    return Group(*rows)


def _source(line: SourceLine, message: str) -> Text:
    place = f"cell {line.cell}, line {line.line}"
    text = Text.assemble(("│ " if place in message else f"{place} │ ", "dim"), (line.text, "cyan"))
    text.overflow = "fold"
    return text


def _cut(detail: str) -> Text:
    return Text(detail, style="dim", no_wrap=True, overflow="ellipsis")


def _below(content: RenderableType, columns: int = 2) -> RenderableType:
    return Padding(content, (0, 0, 0, columns))


def _indented(text: Text) -> RenderableType:
    """Let what does not fit on a line stand below the text, not below its mark."""
    row = Table.grid()
    row.add_column(width=2)
    row.add_column(overflow="fold")
    row.add_row(text[:2], text[2:])
    return row


def _mark(outcome: OutcomeView) -> Text:
    return Text(f"{outcome.mark} ", style=_COLOURS[outcome.kind], end="")


def _row() -> Table:
    row = Table.grid(expand=True, padding=(0, 0, 0, 2))
    row.add_column(ratio=1)
    row.add_column(justify="right", no_wrap=True)
    return row


def _footer(report: SummaryView) -> list[RenderableType]:
    lines = [Text(note, style="yellow") for note in report.notes]
    by_words: dict[str, list[str]] = {}
    for cell in report.cells:
        by_words.setdefault(cell.words, []).append(str(cell.number))
    for words, numbers in by_words.items():
        noun = "Cell" if len(numbers) == 1 else "Cells"
        lines.append(Text(f"{noun} {names(numbers)} {_plural(words, len(numbers))}."))
    return [Text(), *lines] if lines else []


def _plural(words: str, count: int) -> str:
    return words.replace("was ", "were ") if count > 1 else words
