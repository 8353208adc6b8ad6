"""Which cells of a submission its student wrote, and which question each of them answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.assignment.master import Question, defined_names
from autograder.notebook import Cell, Notebook

MOST_CELLS: Final = 20
"""Of one question; whoever has more reads them in the notebook."""
MAX_SEARCHED: Final = 100_000
"""Characters of a cell in which a definition is looked for: the cell is a student's."""
MAX_SEARCHED_TOTAL: Final = 1_000_000
"""Characters of a notebook in which one definition is looked for."""
_ANSWER_TAG: Final = "otter_answer_cell"
_PLACEHOLDER: Final = "..."


class OwnCells:
    """
    Finds a student's own code, by what everybody's notebook holds around it.

    Nothing hidden decides about it: only the student notebook does, which the student has.

    Args:
        notebook: The submission.
        assignment: What it answers.
    """

    def __init__(self, notebook: Notebook, assignment: Assignment) -> None:
        self._cells = notebook.cells
        self._student: list[dict[str, Any]] = build_student(assignment).notebook["cells"]
        self._headings = {each.id: each.heading for each in assignment.questions}
        given = frozenset(each["source"].strip() for each in self._student if _is_given(each))
        self.given: frozenset[int] = frozenset(
            number
            for number, cell in enumerate(self._cells)
            if cell.kind == "code" and cell.source.strip() in given
        )
        """Numbers, from 0, of the code cells that are still as students get them."""
        self._starts = {
            name: start
            for name, heading in self._headings.items()
            if (start := self._start(heading)) is not None
        }

    def of(self, question: Question) -> tuple[int, ...]:
        """
        Return the code cells that answer a question, from 0; none if they cannot be told.

        Those below its prompt, up to its public tests or the next prompt; else those that define
        what its answer cells define in the student notebook.
        """
        # Untrusted: students delete, copy and move cells; each part may be missing.
        below = [number for number in self._below(question.id) if self._is_own(number)]
        return tuple((below or self._defining(question.id))[:MOST_CELLS])

    def unanswered(self, question: Question) -> bool:
        """
        Return whether all cells that answer a question still hold what students get there.

        One that defines the same below them is an answer, too: it runs later, so it holds.
        """
        own = self.of(question)
        later = [each for each in self._defining(question.id) if each > max(own, default=0)]
        starters = {each["source"].strip() for each in self._answer_cells(question.id)}
        sources = [self._cells[number].source for number in (*own, *later)]
        return bool(own) and all(
            source.strip() in starters and _PLACEHOLDER in source for source in sources
        )

    def _start(self, heading: str) -> int | None:
        if not heading:
            return None
        cells = enumerate(self._cells)
        return next(
            (n for n, each in cells if each.kind != "code" and heading in each.source), None
        )

    def _below(self, question: str) -> Sequence[int]:
        start = self._starts.get(question)
        if start is None:
            return ()
        later = [each for each in self._starts.values() if each > start]
        end = min(later, default=len(self._cells))
        check = f'grader.check("{question}")'
        checks = [n for n in range(start, end) if check in self._cells[n].source]
        # What stands between the question's parts and the next one's is somebody's trial.
        if checks and any(self._is_own(number) for number in range(start, checks[0] + 1)):
            end = checks[0] + 1
        return range(start, end)

    def _is_own(self, number: int) -> bool:
        cell = self._cells[number]
        return cell.kind == "code" and bool(cell.source.strip()) and number not in self.given

    def _defining(self, question: str) -> list[int]:
        own = [(n, each) for n, each in enumerate(self._cells) if self._is_own(n)]
        return list(cells_defining(own, list(self._asked_names(question))))

    def _asked_names(self, question: str) -> Iterator[str]:
        """Return the names that a question's answer cells define in the student notebook."""
        for cell in self._answer_cells(question):
            yield from defined_names(cell["source"])

    def _answer_cells(self, question: str) -> Iterator[dict[str, Any]]:
        """Return a question's answer cells in the student notebook."""
        others = {each for name, each in self._headings.items() if name != question and each}
        inside = False
        for cell in self._student:
            if cell["cell_type"] != "code":
                inside = inside and not any(each in cell["source"] for each in others)
                inside |= (
                    bool(self._headings[question]) and self._headings[question] in cell["source"]
                )
            elif inside and not _is_given(cell):
                yield cell


def cells_defining(cells: Iterable[tuple[int, Cell]], names: Collection[str]) -> Iterator[int]:
    """
    Return the numbers of cells that define one of some names.

    Args:
        cells: Among which, by number.
        names: Which.
    """
    room = MAX_SEARCHED_TOTAL
    for number, cell in cells:
        # Untrusted: thirty megabytes of comments may name what is looked for, for each test.
        if len(cell.source) > MAX_SEARCHED or not any(name in cell.source for name in names):
            continue
        room -= len(cell.source)
        if room < 0:
            return
        if any(defines(cell.source, name) for name in names):
            yield number


def defines(source: str, name: str) -> bool:
    """Return whether a line begins with the definition of a name, or assigns to it."""
    # Not parsed: a cell with a syntax error or a magic is what is looked for.
    word = re.compile(rf"\b{re.escape(name)}\b")
    for line in source.splitlines() if name in source else ():
        target, assigns, _ = line.partition("=")
        head, bracket, _ = target.partition("(")
        is_definition = head.split()[:1] in (["def"], ["class"])
        if word.search(head) and (is_definition or (assigns and not bracket)):
            return True
    return False


def _is_given(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and _ANSWER_TAG not in cell["metadata"].get("tags", ())
