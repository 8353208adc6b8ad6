"""Any JSON is a view that pages can show and that reads the same again, or no stored report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from autograder.errors import StoredReportError
from autograder.render.findings import summary_of
from autograder.report import StaffView, StudentView

MAX_BYTES = 4096
IS_JSON = True


def seeds() -> Iterator[bytes]:
    """Return a report of each version, as staff and as students read it."""
    line = {"cell": 1, "line": 2, "text": "x"}
    code = {"code": "raised_at", "parameters": {"exception": "ValueError", "cell": 1, "line": 2}}
    both = {"title": "Right", "verdict": "error", "visible": False, "hint": None}
    test = both | {"message": "Your code raised ValueError.", "message_code": code, "line": line}
    staff = {"id": "t", "weight": "1/2", "detail": "x", "seconds": 0.5}
    passed = both | {"verdict": "passed", "message": "", "line": None}
    question = {"id": "q1", "score": 0.5, "max_score": 2.0, "verdict": "error"}
    question |= {"own_cells": [2], "title": "forward"}
    of_staff = {"misconception": "m", "answer_cells": [3]}
    cell: dict[str, Any] = {"number": 1, "status": "ok", "given": True}
    view = {
        "version": 2,
        "assignment": "xor",
        "title": "XOR",
        "assignment_hash": "a",
        "submission_sha256": "b",
        "score": 0.5,
        "max_score": 2.0,
        "graded": True,
    }
    yield _dumped(view | {"questions": [question | {"tests": [test, passed]}], "cells": [cell]})
    questions = [question | of_staff | {"tests": [test | staff, passed | staff]}]
    yield _dumped(
        view
        | {"seed": 7, "seconds": 1.5, "questions": questions}
        | {"cells": [cell | {"seconds": 0.5, "error": None}]}
    )
    yield _dumped(view | {"version": 1, "questions": [], "cells": []})


def _dumped(view: dict[str, Any]) -> bytes:
    return json.dumps(view, separators=(",", ":")).encode()


def check(data: bytes) -> None:
    """Read it as both views; what is read can be shown, stored and read again."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):  # the database, or what reads a report's file, says so
        return
    for kind in (StudentView, StaffView):
        try:
            view = kind.from_json(document)
        except StoredReportError:
            continue
        summary_of(view)
        stored = json.dumps(view.as_json(), allow_nan=False)
        assert json.dumps(kind.from_json(json.loads(stored)).as_json()) == stored
