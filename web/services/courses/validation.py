"""
Whether a version of an assignment is valid: kept beside its snapshot, as the hash says which.

Validation is requested when a version is imported, and `web.workers.validation` does it in the
background.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from autograder.files import write_file
from web.models import Snapshot

FILE: Final = "validation.json"
FAULTS_SHOWN: Final = 20


class ValidationState(enum.StrEnum):
    """Where a validation stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    VALID = "valid"
    INVALID = "invalid"
    FAILED = "failed"
    """It was not completed, for a fault of ours."""


@dataclass(frozen=True)
class Validation:
    """
    How far a validation is, and what came of it.

    Args:
        state: Where it stands.
        trials: How many things were tried so far.
        misconceptions: Typical wrong answers that are caught, and how many there are.
        alternatives: Right answers that get full marks, and how many there are.
        faults: Why the version is invalid, each in a line.
        remarks: What its author should look at.
    """

    state: ValidationState
    trials: int = 0
    misconceptions: tuple[int, int] = (0, 0)
    alternatives: tuple[int, int] = (0, 0)
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in (ValidationState.REQUESTED, ValidationState.RUNNING)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what stands in a file."""
        return cls(
            ValidationState(data["state"]),
            data["trials"],
            tuple(data["misconceptions"]),
            tuple(data["alternatives"]),
            tuple(data["faults"]),
            tuple(data["remarks"]),
        )


def request(snapshots: Path, snapshot: Snapshot) -> None:
    """Request the validation of a snapshot, unless it is there or on its way."""
    place = _file(snapshots, snapshot)
    known = read(place)
    if known is None or known.state is ValidationState.FAILED:
        write(place, Validation(ValidationState.REQUESTED))


def validation_of(snapshots: Path, snapshot: Snapshot) -> Validation | None:
    """Return the validation of a snapshot; ``None`` if nobody has requested it."""
    return read(_file(snapshots, snapshot))


def open_validations(snapshots: Path) -> Iterator[Path]:
    """Return the files of validations that are requested or were not brought to their end."""
    found = [path for name in (FILE, _FORMER_FILE) for path in snapshots.glob(f"*/{name}")]
    for place in sorted({path.with_name(FILE) for path in found}):
        known = read(place)
        if known is not None and not known.done:
            yield place


def read(place: Path) -> Validation | None:
    """
    Read a validation's file, or the one that an earlier release has written in its place.

    One that is damaged counts as a validation that was not completed.
    """
    former = place.with_name(_FORMER_FILE)
    try:
        if place.is_file():
            return Validation.from_json(json.loads(place.read_text(encoding="utf-8")))
        if former.is_file():
            return Validation.from_json(_present(json.loads(former.read_text(encoding="utf-8"))))
    except (ValueError, TypeError, LookupError, AttributeError):
        return Validation(ValidationState.FAILED)
    return None


def write(place: Path, validation: Validation) -> None:
    """Write a validation's file."""
    shown = replace(
        validation,
        faults=validation.faults[:FAULTS_SHOWN],
        remarks=validation.remarks[:FAULTS_SHOWN],
    )
    write_file(place, json.dumps(asdict(shown)).encode())


def _file(snapshots: Path, snapshot: Snapshot) -> Path:
    return snapshots / snapshot.content_hash / FILE


_FORMER_FILE: Final = "proof.json"
_FORMER_STATES: Final = {"asked": "requested", "proved": "valid", "faulty": "invalid"}
_FORMER_KEYS: Final = {"tried": "trials", "wrong": "misconceptions", "right": "alternatives"}


def _present(former: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in an earlier release's file as this one writes it."""
    data = {_FORMER_KEYS.get(key, key): value for key, value in former.items()}
    return data | {"state": _FORMER_STATES.get(former["state"], former["state"])}
