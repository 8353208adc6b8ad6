"""The notebooks that students download: built once, ahead, while nobody waits for the database."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from autograder.assignment import Assignment, build, load_assignment
from autograder.grade import Grader
from tests.web.conftest import ROOT, World, token_of
from web.db import now
from web.models import AuditEntry, CourseAssignment
from web.services.courses import snapshots
from web.services.courses.snapshots import Kind
from web.services.errors import RuleError
from web.workers.warm_up import WarmUp

XOR = "/courses/dl/assignments/xor/"


@pytest.fixture
def otter_runs(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """
    Let nothing be built from before, and watch otter-assign as it runs.

    Each run first writes to the database as another request would; it fails where the request that
    builds holds the database meanwhile.
    """
    runs: list[str] = []
    run = build._run_otter_assign

    def watched(master: Path, content: bytes) -> object:
        with world.database.write.begin() as session:
            session.add(AuditEntry(at=now(), action="written.meanwhile", target=master.stem))
        runs.append(master.stem)
        return run(master, content)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(build, "_built", {})
    build._assigned_once.cache_clear()
    monkeypatch.setattr(build, "_run_otter_assign", watched)
    return runs


def kept(world: World) -> list[Path]:
    """The notebooks beside the snapshots."""
    return sorted(world.settings.snapshots.glob("*/*.ipynb"))


def test_taking_up_builds_and_keeps_both_notebooks(world: World, otter_runs: list[str]) -> None:
    """Otter runs once, with no transaction open; the downloads then only read files."""
    client = world.client("instructor")
    place = "/courses/dl/staff/assignments/"
    data = {"csrf_token": token_of(client, place), "name": "splits"}

    assert client.post(f"{place}take-up", data=data).status_code == 303
    assert otter_runs == ["splits"]
    with world.database.read() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["written.meanwhile", "assignment.taken_up"]

    for name in ("notebook", "solution"):
        answer = client.get(f"/courses/dl/assignments/splits/{name}")
        assert json.loads(answer.data)["nbformat"] == 4
    assert otter_runs == ["splits"]
    assert len(kept(world)) == 4


@pytest.mark.parametrize("kind", ["student", "solution"])
def test_what_is_kept_is_what_would_be_built(world: World, kind: Kind) -> None:
    """To the byte."""
    with world.database.read() as session:
        snapshot = session.scalars(select(CourseAssignment)).one().snapshot
    assignment = load_assignment(snapshots.snapshot_folder(world.settings.snapshots, snapshot))
    built = {"student": build.build_student, "solution": build.build_solution}[kind](assignment)

    assert snapshots.notebook(world.settings.snapshots, snapshot, kind) == built.text.encode()


def test_lost_notebook_is_built_at_its_download_with_no_transaction_open(
    world: World, otter_runs: list[str]
) -> None:
    """After a restore of an old backup a student waits once, and nobody else."""
    client = world.client("student")
    before = client.get(f"{XOR}notebook").data
    assert otter_runs == []
    for place in kept(world):
        place.unlink()

    assert [client.get(f"{XOR}notebook").data for _ in range(2)] == [before, before]
    assert otter_runs == ["xor"]


def test_warm_up_builds_what_is_not_kept(
    world: World, otter_runs: list[str], engine: Grader
) -> None:
    """In the grading process, before a student asks."""
    for place in kept(world):
        place.unlink()

    WarmUp(world.settings, world.database, engine).prepare_new()

    assert otter_runs == ["xor"]
    assert len(kept(world)) == 2


def test_assignment_with_a_link_is_not_imported(world: World, tmp_path: Path) -> None:
    """Else whoever may put data into a folder would hand out what only the portal can read."""
    folder = tmp_path / "offers" / "xor"
    shutil.copytree(ROOT / "assignments" / "xor", folder)
    (tmp_path / "secret").write_text("the portal's secret")
    (folder / "data").mkdir()
    (folder / "data" / "leak.txt").symlink_to(tmp_path / "secret")
    before = sorted(world.settings.snapshots.iterdir())

    with pytest.raises(RuleError, match=r"leak\.txt: is a symbolic link"):
        snapshots.prepare(world.settings.snapshots, (folder.parent,), "xor")

    assert sorted(world.settings.snapshots.iterdir()) == before


def test_assignment_that_would_tell_its_tests_leaves_nothing_behind(
    world: World, tmp_path: Path
) -> None:
    """What is refused is not copied, and no notebook of it is kept."""
    folder = tmp_path / "offers" / "xor"
    shutil.copytree(ROOT / "assignments" / "xor", folder)
    shutil.copytree(folder / "hidden", folder / "data", dirs_exist_ok=True)
    before = sorted(world.settings.snapshots.iterdir())

    with pytest.raises(RuleError, match="broken"):
        snapshots.prepare(world.settings.snapshots, (folder.parent,), "xor")

    assert sorted(world.settings.snapshots.iterdir()) == before


def test_offers_are_read_again_only_when_a_file_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page of staff asks for them; a change of any file is seen at once."""
    folder = tmp_path / "offers" / "xor"
    shutil.copytree(ROOT / "assignments" / "xor", folder)
    loads: list[Path] = []

    def load(place: Path) -> Assignment:
        loads.append(place)
        return load_assignment(place)

    monkeypatch.setattr(snapshots, "load_assignment", load)
    (first,) = snapshots.offers((folder.parent,))
    assert list(snapshots.offers((folder.parent,))) == [first]
    assert len(loads) == 1
    test = next((folder / "hidden").glob("test_*.py"))
    test.write_text(test.read_text() + "# a comment\n")
    (second,) = snapshots.offers((folder.parent,))
    assert second.content_hash != first.content_hash
    (folder / "assignment.toml").write_text("broken")
    (third,) = snapshots.offers((folder.parent,))
    assert third.problem
