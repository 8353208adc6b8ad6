"""
The words for states on pages, and the mark before them: one place for all templates.

What a verdict is called stands in `autograder.render.findings`; a state of the portal that means
the same takes its words from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from autograder.render.findings import outcome_of
from autograder.verdict import Verdict
from web.models import RegradeState, RequestState, SpecialGrade, SubmissionState
from web.services.gradebook.standing import Standing


@dataclass(frozen=True)
class Label:
    """
    A state for people; its colour never stands alone.

    Args:
        words: What it is called.
        kind: ``"good"``, ``"bad"``, ``"wait"`` for what somebody waits for, ``"ours"`` for what
            asks nothing of the student; empty for plain words.
    """

    words: str
    kind: str = ""


_NOT_GRADED: Final = Label(outcome_of(Verdict.INTERNAL).words, "ours")
_AWAITS_PERSON: Final = Label(outcome_of(Verdict.PENDING).words, "wait")

LABELS: Final[Mapping[str, Mapping[str, Label]]] = {
    "submission": {
        SubmissionState.QUEUED: Label("in the queue", "wait"),
        SubmissionState.RUNNING: Label("being graded", "wait"),
        SubmissionState.GRADED: Label("graded", "good"),
        SubmissionState.UNUSABLE: Label("could not be read", "bad"),
        SubmissionState.FAILED: _NOT_GRADED,
    },
    "assignment": {
        "new": Label("not handed in", "wait"),
        "closed": Label("closed", "ours"),
    },
    "standing": {
        Standing.OPEN: Label("open"),
        Standing.NOT_SUBMITTED: Label("not handed in", "bad"),
        Standing.IN_QUEUE: Label("being graded", "wait"),
        Standing.NOT_GRADED: _NOT_GRADED,
        Standing.AWAITS_PERSON: _AWAITS_PERSON,
        Standing.NOT_RELEASED: Label("not released", "ours"),
        Standing.DAMAGED: Label("cannot be read", "ours"),
        Standing.RELEASED: Label(""),
    },
    "special_grade": {
        SpecialGrade.NO_SHOW: Label("no show", "bad"),
        SpecialGrade.WITHDRAWN: Label("withdrawn", "ours"),
        SpecialGrade.MISCONDUCT: Label("misconduct", "bad"),
    },
    "question": {
        "pending": _AWAITS_PERSON,
    },
    "answer": {
        "graded": Label("graded", "good"),
        "claimed": Label("being read", "wait"),
        "open": Label("ungraded"),
    },
    "release": {
        "tests_only": Label("tests only"),
        "nothing": Label("nothing yet"),
        "not_released": Label("not released", "wait"),
        "released": Label("released", "good"),
    },
    "request": {
        RequestState.OPEN: Label("no answer yet", "wait"),
        RequestState.ACCEPTED: Label("accepted", "good"),
        RequestState.DECLINED: Label("declined", "bad"),
    },
    "regrade": {
        RegradeState.OPEN: Label("not decided", "wait"),
        RegradeState.PUBLISHED: Label("published", "good"),
        RegradeState.DISCARDED: Label("discarded", "ours"),
    },
}


def label_of(what: str, state: str) -> Label:
    """
    Return what a state is called on pages.

    Args:
        what: Of what it is a state, such as ``"submission"``.
        state: Which.
    """
    return LABELS[what][state]
