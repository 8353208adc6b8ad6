"""The gate's result in Markdown, fit for the page of a continuous-integration job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from autograder.validate.columns import COLUMNS
from autograder.validate.proof import AssignmentProof, Fault, Kind, Proof

LEGEND: Final = (
    "Misconceptions: killed, of all. Own hint: misconceptions whose student gets their hint. "
    "Alternatives: accepted, of all, with each of so many seeds. Mutants: killed, of all that are "
    "not declared equivalent (so many are). Idle tests: hidden tests that no wrong answer fails."
)


def write_summary(path: Path, results: Sequence[AssignmentProof], *, append: bool = False) -> None:
    """Write the summary into a file, or behind what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", encoding="utf-8") as file:
        file.write(markdown(results))


def markdown(results: Sequence[AssignmentProof]) -> str:
    """Give the summary's text."""
    good = sum(result.proved for result in results)
    lines = [f"## Assignments prove themselves: {good} of {len(results)}", "", *_table(results), ""]
    for title, faults in (("Faults", _faults(results)), ("Remarks", _remarks(results))):
        listed = list(faults)
        if listed:
            lines += [f"### {title}", "", *listed, ""]
    lines += [LEGEND, "", *_public_only(results)]
    return "\n".join(lines) + "\n"


def _table(results: Iterable[AssignmentProof]) -> Iterator[str]:
    yield "| assignment | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (len(COLUMNS) + 1) + "|"
    for result in results:
        cells = [column(result) for column in COLUMNS.values()]
        yield f"| {result.assignment} | " + " | ".join(cells) + " |"


def _faults(results: Iterable[AssignmentProof]) -> Iterator[str]:
    for result in results:
        for proof in result.proofs:
            yield from (_item(proof, fault) for fault in proof.faults)


def _remarks(results: Iterable[AssignmentProof]) -> Iterator[str]:
    for result in results:
        for proof in result.proofs:
            yield from (_item(proof, remark) for remark in proof.remarks)


def _item(proof: Proof, fault: Fault) -> str:
    where = " ".join(filter(None, (proof.assignment, fault.question or proof.question)))
    place = f" (`{fault.place}`)" if fault.place else ""
    return f"- **{where}**: {_escaped(fault.reason)}{place}"


def _public_only(results: Iterable[AssignmentProof]) -> Iterator[str]:
    """Say how many wrong answers the public tests let through: expected, and good to know."""
    for result in results:
        tried = result.of(Kind.MISCONCEPTION)
        through = sum(proof.only_hidden for proof in tried)
        if tried:
            yield (
                f"Of the {len(tried)} misconceptions of {result.assignment}, {through} pass all "
                "public tests of their question; only hidden tests tell them apart.  "
            )


def _escaped(text: str) -> str:
    for character in "\\`*_<>|":
        text = text.replace(character, f"\\{character}")
    return text
