"""An assignment that was taken up proves itself in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.web.conftest import ROOT, World, token_of
from web.models import CourseAssignment, Snapshot
from web.services.courses import snapshots, validation
from web.services.courses.validation import ValidationState
from web.workers.validation import Validator

PAGE = "/courses/dl/staff/assignments/xor/"


@pytest.fixture
def snapshot(world: World) -> Snapshot:
    """The content of xor as it was taken up."""
    with world.database.read() as session:
        return session.scalars(select(CourseAssignment)).one().snapshot


def place_of(world: World, snapshot: Snapshot) -> Path:
    """Where the proof of a snapshot is kept."""
    return world.settings.snapshots / snapshot.content_hash / validation.FILE


@contextmanager
def proving(world: World) -> Iterator[Validator]:
    """Let a prover run."""
    prover = Validator(world.settings)
    thread = threading.Thread(target=prover.run)
    thread.start()
    try:
        yield prover
    finally:
        prover.stop()
        thread.join(30)
        assert not thread.is_alive()


def wait_for(
    place: Path, fits: Callable[[ValidationState | None], bool], seconds: float = 120
) -> ValidationState | None:
    """Wait until a proof's state fits."""
    deadline = time.monotonic() + seconds
    while not fits(state := validation.read(place)):
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    return state


def test_example_proves_itself_in_the_background(world: World) -> None:
    """Asked for, begun by the worker's prover, and proved: all wrong answers caught."""
    folders = (ROOT / "docs" / "examples",)
    with world.database.write.begin() as session:
        content = snapshots.prepare(world.settings.snapshots, folders, "pendulum")
        taken = snapshots.import_version(session, content)
    validation.ask(world.settings.snapshots, taken)

    with proving(world):
        state = wait_for(place_of(world, taken), lambda found: bool(found and found.done))

    assert state is not None
    assert (state.state, state.faults) == ("proved", ())
    assert state.wrong[0] == state.wrong[1] > 0
    assert state.right[0] == state.right[1] > 0


def test_a_proof_that_is_stopped_is_begun_again(world: World, snapshot: Snapshot) -> None:
    """Stopping the worker ends the proof's process; the next worker finds it undone."""
    place = place_of(world, snapshot)
    validation.ask(world.settings.snapshots, snapshot)

    with proving(world):
        wait_for(place, lambda found: bool(found and found.state == "running"))

    assert list(validation.open_validations(world.settings.snapshots)) == [place]


def test_a_proof_that_breaks_is_our_fault_and_can_be_asked_for_again(
    world: World, snapshot: Snapshot
) -> None:
    """A folder that is gone ends the process, not the prover; nothing is said of the assignment."""
    place = place_of(world, snapshot)
    (place.parent / "xor" / "assignment.toml").unlink()
    validation.ask(world.settings.snapshots, snapshot)

    with proving(world):
        wait_for(place, lambda found: bool(found and found.state == "failed"))

    validation.ask(world.settings.snapshots, snapshot)
    assert validation.read(place) == ValidationState("asked")


def test_taking_up_asks_for_the_proof(world: World) -> None:
    """The page comes at once and says that the proof has not begun; an update asks anew."""
    client = world.client("instructor")
    place = "/courses/dl/staff/assignments/"
    data = {"csrf_token": token_of(client, place), "name": "splits"}

    page = client.post(f"{place}take-up", data=data, follow_redirects=True).text

    assert "The proof has not begun yet" in page
    assert "Release it, proved or not" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ValidationState("running", 17), "17 answers tried"),
        (ValidationState("proved", 9, (5, 5), (4, 4)), "5 of 5 typical mistakes"),
        (
            ValidationState("faulty", 9, (4, 5), (4, 4), ("q2: caught by no test",)),
            "q2: caught by no",
        ),
        (ValidationState("failed"), "could not be made"),
    ],
)
def test_page_tells_what_came_of_it(
    world: World, snapshot: Snapshot, state: ValidationState, words: str
) -> None:
    """Running with a count, proved with figures, faulty with each fault, failed with no blame."""
    validation.write(place_of(world, snapshot), state)

    page = world.client("instructor").get(PAGE).text

    assert words in page
    assert ("data-refresh" in page) == (not state.done)


def test_long_lists_of_faults_are_cut(world: World, snapshot: Snapshot) -> None:
    """A page stays readable when everything is wrong."""
    place = place_of(world, snapshot)
    many = replace(ValidationState("faulty"), faults=tuple(f"q{n}: wrong" for n in range(100)))

    validation.write(place, many)

    kept = validation.read(place)
    assert kept is not None
    assert len(kept.faults) == validation.FAULTS_SHOWN
