"""Imported versions are validated in the background."""

from __future__ import annotations

import json
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
from web.services.courses.validation import Validation, ValidationState
from web.workers.validation import Validator

REQUESTED, RUNNING, VALID, INVALID, FAILED = ValidationState
PAGE = "/courses/dl/staff/assignments/xor/settings"


@pytest.fixture
def snapshot(world: World) -> Snapshot:
    """The version of xor that was imported."""
    with world.database.read() as session:
        return session.scalars(select(CourseAssignment)).one().snapshot


def place_of(world: World, snapshot: Snapshot) -> Path:
    """Where the validation of a snapshot is kept."""
    return world.settings.snapshots / snapshot.content_hash / validation.FILE


@contextmanager
def validating(world: World) -> Iterator[Validator]:
    """Let a validator run."""
    validator = Validator(world.settings, world.database)
    thread = threading.Thread(target=validator.run)
    thread.start()
    try:
        yield validator
    finally:
        validator.stop()
        thread.join(30)
        assert not thread.is_alive()


def wait_for(
    place: Path, fits: Callable[[Validation | None], bool], seconds: float = 120
) -> Validation | None:
    """Wait until a validation fits."""
    deadline = time.monotonic() + seconds
    while not fits(found := validation.read(place)):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_example_is_validated_in_the_background(world: World) -> None:
    """Requested, begun by the worker's validator, and valid: all wrong answers caught."""
    folders = (ROOT / "docs" / "examples",)
    with world.database.write.begin() as session:
        version = snapshots.prepare(world.settings.snapshots, folders, "pendulum")
        imported = snapshots.import_version(session, version)
    validation.request(world.settings.snapshots, imported)

    with validating(world):
        done = wait_for(place_of(world, imported), lambda found: bool(found and found.done))

    assert done is not None
    assert (done.state, done.faults) == ("valid", ())
    assert done.misconceptions[0] == done.misconceptions[1] > 0
    assert done.alternatives[0] == done.alternatives[1] > 0


def test_a_validation_that_is_stopped_is_begun_again(world: World, snapshot: Snapshot) -> None:
    """Stopping the worker ends the validation's process; the next worker finds it undone."""
    place = place_of(world, snapshot)
    validation.request(world.settings.snapshots, snapshot)

    with validating(world):
        wait_for(place, lambda found: bool(found and found.state == "running"))

    assert list(validation.open_validations(world.settings.snapshots)) == [place]


def test_a_validation_that_breaks_is_our_fault_and_can_be_requested_again(
    world: World, snapshot: Snapshot
) -> None:
    """A folder that is gone ends the process, not the validator; the assignment is not blamed."""
    place = place_of(world, snapshot)
    (place.parent / "xor" / "assignment.toml").unlink()
    validation.request(world.settings.snapshots, snapshot)

    with validating(world):
        wait_for(place, lambda found: bool(found and found.state == "failed"))

    validation.request(world.settings.snapshots, snapshot)
    assert validation.read(place) == Validation(REQUESTED)


def test_a_validation_without_end_is_ended(
    world: World, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others wait for it; it is told as one that was not completed."""
    monkeypatch.setattr("web.workers.validation.MOST_SECONDS", 0.0)
    place = place_of(world, snapshot)
    validation.request(world.settings.snapshots, snapshot)

    with validating(world):
        wait_for(place, lambda found: bool(found and found.state == "failed"))


def test_a_fault_of_one_version_ends_no_other_s_validation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be written to, or a full disk: those behind it are validated."""
    monkeypatch.setattr("web.workers.validation.PAUSE_SECONDS", 0.1)
    places = [world.settings.snapshots / name / validation.FILE for name in ("a" * 64, "b" * 64)]
    for place in places:
        place.parent.mkdir()
        validation.write(place, Validation(REQUESTED))
    # Whoever opens it fails, root as well.
    places[0].with_suffix(".lock").mkdir()

    with validating(world):
        # There is no assignment in it, which ends its process.
        wait_for(places[1], lambda found: bool(found and found.state == "failed"))

    assert validation.read(places[0]) == Validation(REQUESTED)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"state": "proved"}', b"\xff"])
def test_a_damaged_file_is_a_validation_that_was_not_completed(
    world: World, snapshot: Snapshot, content: bytes
) -> None:
    """Its page stands, and staff can request it again."""
    place = place_of(world, snapshot)
    place.write_bytes(content)

    assert "could not be completed" in world.client("instructor").get(PAGE).text
    assert list(validation.open_validations(world.settings.snapshots)) == []
    validation.request(world.settings.snapshots, snapshot)
    assert validation.read(place) == Validation(REQUESTED)


def test_import_requests_validation(world: World) -> None:
    """The page comes at once and says that validation has not begun; an update requests it anew."""
    client = world.client("instructor")
    place = "/courses/dl/staff/assignments/"
    data = {"csrf_token": token_of(client, place), "name": "splits"}

    page = client.post(f"{place}take-up", data=data, follow_redirects=True).text

    assert "Validation queued" in page
    assert '<button type="submit" class="button-quiet">Release without validation' in page
    listed = client.get(place).text
    assert listed.index("Available on the server") < listed.index('id="late-days"')


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Validation(RUNNING, 17), "17 sample answers"),
        (
            Validation(VALID, 9, (5, 5), (4, 4)),
            "All 5 known mistakes lose points where",
        ),
        (Validation(VALID, 9, (5, 5), (4, 4)), "all 4 alternative solutions get full marks"),
        (
            Validation(INVALID, 9, (4, 5), (4, 4), ("q2: caught by no test",)),
            "q2: caught by no",
        ),
        (Validation(INVALID, 9, (4, 5), (4, 4)), "4 of 5 known mistakes"),
        (Validation(FAILED), "could not be completed"),
    ],
)
def test_page_tells_what_came_of_it(
    world: World, snapshot: Snapshot, found: Validation, words: str
) -> None:
    """Running with a count, valid with figures, invalid with each fault, failed with no blame."""
    validation.write(place_of(world, snapshot), found)

    page = world.client("instructor").get(PAGE).text

    assert words in " ".join(page.split())
    assert ("data-refresh" in page) == (not found.done)


def test_long_lists_of_faults_are_cut(world: World, snapshot: Snapshot) -> None:
    """A page stays readable when everything is wrong."""
    place = place_of(world, snapshot)
    many = replace(Validation(INVALID), faults=tuple(f"q{n}: wrong" for n in range(100)))

    validation.write(place, many)

    kept = validation.read(place)
    assert kept is not None
    assert len(kept.faults) == validation.FAULTS_SHOWN


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("asked", REQUESTED),
        ("running", RUNNING),
        ("proved", VALID),
        ("faulty", INVALID),
        ("failed", FAILED),
    ],
)
def test_files_of_an_earlier_release_are_read(
    world: World, snapshot: Snapshot, former: str, present: ValidationState
) -> None:
    """Its words were others; what was not brought to its end then is done now."""
    place = place_of(world, snapshot)
    document = {
        "state": former,
        "tried": 9,
        "wrong": [4, 5],
        "right": [3, 4],
        "faults": ["q2: caught by no test"],
        "remarks": ["q1: slow"],
    }
    place.with_name("proof.json").write_text(json.dumps(document))

    found = validation.validation_of(world.settings.snapshots, snapshot)

    assert found == Validation(
        present, 9, (4, 5), (3, 4), ("q2: caught by no test",), ("q1: slow",)
    )
    open_now = list(validation.open_validations(world.settings.snapshots))
    assert open_now == ([] if found.done else [place])


def test_new_file_takes_the_place_of_an_earlier_release_s(world: World, snapshot: Snapshot) -> None:
    """What is found out now counts, not what was written then."""
    place = place_of(world, snapshot)
    lists: dict[str, list[str]] = {name: [] for name in ("wrong", "right", "faults", "remarks")}
    place.with_name("proof.json").write_text(json.dumps({"state": "failed", "tried": 0, **lists}))

    validation.request(world.settings.snapshots, snapshot)

    assert validation.read(place) == Validation(REQUESTED)
