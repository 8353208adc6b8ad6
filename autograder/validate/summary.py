"""The gate's result in Markdown, fit for the page of a continuous-integration job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from autograder.validate.columns import COLUMNS
from autograder.validate.results import AssignmentValidation, Fault, Kind, Trial

LEGEND: Final = (
    "Misconceptions: killed, of all. Own hint: misconceptions whose student gets their hint. "
    "Alternatives: accepted, of all, with each of so many seeds. Mutants: killed, of all that are "
    "not declared equivalent (so many are). Idle tests: hidden tests that no wrong answer fails."
)


def write_summary(
    path: Path, results: Sequence[AssignmentValidation], *, append: bool = False
) -> None:
    """Write the summary into a file, or behind what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", encoding="utf-8") as file:
        file.write(markdown(results))


def markdown(results: Sequence[AssignmentValidation]) -> str:
    """Return the summary's text."""
    good = sum(result.valid for result in results)
    lines = [f"## Valid assignments: {good} of {len(results)}", "", *_table(results), ""]
    for title, faults in (("Faults", _faults(results)), ("Remarks", _remarks(results))):
        listed = list(faults)
        if listed:
            lines += [f"### {title}", "", *listed, ""]
    lines += [LEGEND, "", *_public_only(results)]
    return "\n".join(lines) + "\n"


def _table(results: Iterable[AssignmentValidation]) -> Iterator[str]:
    yield "| assignment | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (len(COLUMNS) + 1) + "|"
    for result in results:
        cells = [column(result) for column in COLUMNS.values()]
        yield f"| {result.assignment} | " + " | ".join(cells) + " |"


def _faults(results: Iterable[AssignmentValidation]) -> Iterator[str]:
    for result in results:
        for trial in result.trials:
            yield from (_item(trial, fault) for fault in trial.faults)


def _remarks(results: Iterable[AssignmentValidation]) -> Iterator[str]:
    for result in results:
        for trial in result.trials:
            yield from (_item(trial, remark) for remark in trial.remarks)


def _item(trial: Trial, fault: Fault) -> str:
    where = " ".join(filter(None, (trial.assignment, fault.question or trial.question)))
    place = f" (`{fault.place}`)" if fault.place else ""
    return f"- **{where}**: {_escaped(fault.reason)}{place}"


def _public_only(results: Iterable[AssignmentValidation]) -> Iterator[str]:
    """Describe how many wrong answers the public tests let through: expected, and good to know."""
    for result in results:
        tried = result.of(Kind.MISCONCEPTION)
        through = sum(trial.only_hidden for trial in tried)
        if tried:
            yield (
                f"Of the {len(tried)} misconceptions of {result.assignment}, {through} pass all "
                "public tests of their question; only hidden tests tell them apart.  "
            )


def _escaped(text: str) -> str:
    for character in "\\`*_<>|":
        text = text.replace(character, f"\\{character}")
    return text
