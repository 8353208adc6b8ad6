"""The gate's result as JUnit XML, one test case for each thing that was tried."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from autograder.validate.proof import AssignmentProof, Fault, Proof

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, results: Iterable[AssignmentProof]) -> None:
    """Write the file."""
    suites = ET.Element("testsuites", name="autograder validate")
    for result in results:
        suite = ET.SubElement(
            suites,
            "testsuite",
            name=result.assignment,
            tests=str(len(result.proofs)),
            failures=str(sum(bool(proof.faults) for proof in result.proofs)),
            errors="0",
            skipped="0",
            time=f"{result.seconds:.3f}",
        )
        for proof in result.proofs:
            _add_case(suite, proof)
    ET.indent(suites)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def _add_case(suite: ET.Element, proof: Proof) -> None:
    group = ".".join(part for part in (proof.assignment, proof.question, proof.kind.value) if part)
    case = ET.SubElement(
        suite,
        "testcase",
        classname=group,
        name=_text(proof.title),
        time=f"{proof.seconds:.3f}",
    )
    if proof.faults:
        failure = ET.SubElement(case, "failure", message=_text(proof.faults[0].reason))
        failure.text = _lines(proof.faults)
    if proof.remarks:
        ET.SubElement(case, "system-out").text = _lines(proof.remarks)


def _lines(faults: Iterable[Fault]) -> str:
    return _text("\n".join(map(_line, faults)))


def _line(fault: Fault) -> str:
    return ": ".join(filter(None, (fault.place, fault.question, fault.reason)))


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
