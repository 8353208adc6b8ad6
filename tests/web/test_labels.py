"""The words for states: each state has some, and templates take them from there."""

from __future__ import annotations

import enum
import re
from pathlib import Path

import pytest

from web import words
from web.models import RegradeState, RequestState, SubmissionState
from web.services.gradebook.standing import Standing

TEMPLATES = Path(words.__file__).parent / "templates"


@pytest.mark.parametrize(
    ("what", "states"),
    [
        ("submission", SubmissionState),
        ("standing", Standing),
        ("request", RequestState),
        ("regrade", RegradeState),
    ],
)
def test_every_state_has_words(what: str, states: type[enum.StrEnum]) -> None:
    """A new state without words fails here, not on a page."""
    assert set(words.LABELS[what]) == set(states)


def test_one_state_has_one_name() -> None:
    """What means the same to its reader is called the same."""
    standing, submission = words.LABELS["standing"], words.LABELS["submission"]

    assert standing[Standing.NOT_GRADED] == submission[SubmissionState.FAILED]
    assert standing[Standing.IN_QUEUE] == submission[SubmissionState.RUNNING]
    assert standing[Standing.AWAITS_PERSON] == words.label_of("question", "pending")


def test_templates_write_no_label_themselves() -> None:
    """A label's class and words stand in no template, but for remarks on tests in statistics."""
    written = [
        f"{path.relative_to(TEMPLATES)}: {found[0]}"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for found in re.finditer(r'class="verdict[^>]*>[^<{]+', path.read_text(encoding="utf-8"))
    ]

    assert [line.partition(":")[0] for line in written] == ["staff/statistics.html"] * 2
