"""The gate's result as JUnit XML, one test case for each thing that was tried."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from autograder.validate.results import AssignmentValidation, Fault, Trial

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, results: Iterable[AssignmentValidation]) -> None:
    """Write the file."""
    suites = ET.Element("testsuites", name="autograder validate")
    for result in results:
        suite = ET.SubElement(
            suites,
            "testsuite",
            name=result.assignment,
            tests=str(len(result.trials)),
            failures=str(sum(bool(trial.faults) for trial in result.trials)),
            errors="0",
            skipped="0",
            time=f"{result.seconds:.3f}",
        )
        for trial in result.trials:
            _add_case(suite, trial)
    ET.indent(suites)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def _add_case(suite: ET.Element, trial: Trial) -> None:
    group = ".".join(part for part in (trial.assignment, trial.question, trial.kind.value) if part)
    case = ET.SubElement(
        suite,
        "testcase",
        classname=group,
        name=_text(trial.title),
        time=f"{trial.seconds:.3f}",
    )
    if trial.faults:
        failure = ET.SubElement(case, "failure", message=_text(trial.faults[0].reason))
        failure.text = _lines(trial.faults)
    if trial.remarks:
        ET.SubElement(case, "system-out").text = _lines(trial.remarks)


def _lines(faults: Iterable[Fault]) -> str:
    return _text("\n".join(map(_line, faults)))


def _line(fault: Fault) -> str:
    return ": ".join(filter(None, (fault.place, fault.question, fault.reason)))


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
