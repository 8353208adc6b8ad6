"""
An executed notebook as harmless HTML, cell by cell: what is stored, and shown again and again.

Marking a line of code, or putting a result between two cells, needs no look at the HTML. This
module is for pages, so it loads nothing of what renders.
"""

from __future__ import annotations

import html
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

VERSION: Final = 1
"""Of the cleaning: what an earlier one let through is rendered anew, not shown."""
MAX_EXCERPT: Final = 60_000
"""Characters of HTML in an excerpt, for each who opens a page with it."""
MAX_EXCERPT_LINES: Final = 200
"""Of a cell's code in an excerpt."""
LONG_GIVEN_CODE: Final = 6
"""Lines from which on code that everybody was given is folded."""
TOO_LONG: Final = "This cell is too long to be shown here."


@dataclass(frozen=True)
class CodeHtml:
    """
    A cell's code as harmless HTML.

    Args:
        before: Opens the elements around the lines.
        lines: Whole elements on each line, so that one can be marked; ends with a line's end.
        after: Closes the elements around the lines.
        title: Under which it is folded; empty if it is not.
    """

    before: str
    lines: str
    after: str
    title: str = ""

    @property
    def line_count(self) -> int:
        """How many lines it has."""
        return self.lines.count("\n")

    def shown(self, marked: Collection[int] = (), *, given: bool = False) -> str:
        """
        Return the HTML; code in which a line is marked is not folded.

        Args:
            marked: Lines to highlight, from 1.
            given: Whether it is as students got it: then it is folded if it is long.
        """
        lines = self.lines
        if marked:
            lines = "".join(
                f'<span class="hll">{line}\n</span>' if number in marked else f"{line}\n"
                for number, line in enumerate(lines.removesuffix("\n").split("\n"), start=1)
            )
        code = f"{self.before}{lines}{self.after}"
        title = self.title
        if given and not title and self.line_count >= LONG_GIVEN_CODE:
            title = f"Given code, {self.line_count} lines"
        if marked or not title:
            return code
        return f"<details><summary>{html.escape(title)}</summary>{code}</details>"

    def shortened(self, characters: int) -> tuple[CodeHtml | None, int]:
        """
        Return the first lines, unfolded, and how many are left out; ``None`` if not one fits.

        Args:
            characters: Of HTML, at most.
        """
        room = characters - len(self.before) - len(self.after)
        kept: list[str] = []
        lines = self.lines.removesuffix("\n").split("\n")
        for line in lines[:MAX_EXCERPT_LINES]:
            room -= len(line) + 1
            if room < 0:
                break
            kept.append(f"{line}\n")
        if not kept:
            return None, len(lines)
        return replace(self, lines="".join(kept), title=""), len(lines) - len(kept)


@dataclass(frozen=True)
class CellHtml:
    """
    A cell as harmless HTML.

    Args:
        kind: ``code``, ``markdown`` or ``raw``.
        html: Whole elements only; of a code cell what comes after the code.
        notes: What a reader should know of it, in our words; not yet escaped.
        code: Of a code cell, unless it is too long for more than plain text.
    """

    kind: str
    html: str
    notes: tuple[str, ...] = ()
    code: CodeHtml | None = None

    def shown(self, marked: Collection[int] = (), *, given: bool = False) -> str:
        """
        Return the HTML of all of it.

        Args:
            marked: Lines of code to highlight, from 1.
            given: Whether it is as students got it.
        """
        code = "" if self.code is None else self.code.shown(marked, given=given)
        return code + self.html

    def shortened(self, characters: int) -> CellHtml:
        """
        Return the cell's code, or text, alone, and of that the beginning if it is long.

        Args:
            characters: Of HTML, at most.
        """
        if self.code is None:
            # Of code that is too long to be coloured the outputs cannot be told apart.
            whole = self.kind != "code" and len(self.html) <= characters
            return self if whole else CellHtml(self.kind, "", (TOO_LONG,))
        code, left_out = self.code.shortened(characters)
        if code is None:
            return CellHtml(self.kind, "", (TOO_LONG,))
        lines = "line is" if left_out == 1 else "lines are"
        notes = (f"{left_out:,} more {lines} not shown here.",) if left_out else ()
        return CellHtml(self.kind, "", notes, code)

    @property
    def size(self) -> int:
        """Characters of HTML."""
        code = 0 if self.code is None else len(self.code.shown())
        return len(self.html) + code

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `RenderedNotebook.as_json` wrote."""
        code = data["code"]
        return cls(
            data["kind"],
            data["html"],
            tuple(data["notes"]),
            None if code is None else CodeHtml(**code),
        )


@dataclass(frozen=True)
class RenderedNotebook:
    """
    An executed notebook as harmless HTML.

    Args:
        cells: Its cells.
        places: For each question the cell that its result follows, from 0, or `AT_THE_END`.
    """

    cells: tuple[CellHtml, ...]
    places: Mapping[str, int] = field(default_factory=dict)

    def excerpt(self, numbers: Iterable[int]) -> Excerpt:
        """
        Return some cells' code and texts, without outputs and within bounds.

        Args:
            numbers: Which, from 0.
        """
        room = MAX_EXCERPT
        chosen: dict[int, CellHtml] = {}
        for number in sorted({each for each in numbers if 0 <= each < len(self.cells)}):
            chosen[number] = self.cells[number].shortened(room)
            room -= chosen[number].size
        return Excerpt(chosen)

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "version": VERSION,
            "cells": [asdict(cell) for cell in self.cells],
            "places": dict(self.places),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self | None:
        """Read what `as_json` returned; ``None`` if another version's cleaning made it."""
        if data["version"] != VERSION:
            return None
        return cls(tuple(map(CellHtml.from_json, data["cells"])), data["places"])

    def as_text(self) -> str:
        """Return it as it is stored."""
        return json.dumps(self.as_json())

    @classmethod
    def from_text(cls, text: str | bytes) -> Self | None:
        """Read what `as_text` returned; ``None`` also if some of it is missing or damaged."""
        try:
            return cls.from_json(json.loads(text))
        except (ValueError, LookupError, TypeError, AttributeError):
            return None


@dataclass(frozen=True)
class Excerpt:
    """
    Some cells of an executed notebook, for the page of its result.

    Args:
        cells: By number, from 0.
    """

    cells: Mapping[int, CellHtml] = field(default_factory=dict)

    def as_text(self) -> str:
        """Return it as it is stored."""
        cells = {str(number): asdict(cell) for number, cell in self.cells.items()}
        return json.dumps({"version": VERSION, "cells": cells})

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        """Read what `as_text` returned; empty if there is none, or it is another version's."""
        try:
            data = json.loads(text or "{}")
            if data["version"] != VERSION:
                return cls()
            return cls({int(n): CellHtml.from_json(cell) for n, cell in data["cells"].items()})
        except (ValueError, LookupError, TypeError, AttributeError):
            return cls()
