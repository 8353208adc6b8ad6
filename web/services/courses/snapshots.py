"""Import a version of an assignment: copy its folder, checked, under the hash of its content."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from autograder.assignment import Assignment, load_assignment, stamp_of
from autograder.assignment.build import BUILD_VERSION, build_solution, build_student
from autograder.assignment.master import Question
from autograder.errors import AssignmentError
from autograder.files import UNFINISHED, write_file
from autograder.notebook import Cell
from autograder.sandbox.plain_files import copy_folder
from web.models import Snapshot, SnapshotQuestion, SnapshotRubricItem
from web.services.errors import RuleError

Kind = Literal["student", "solution"]
_KINDS: Final[tuple[Kind, ...]] = ("student", "solution")


@dataclass(frozen=True)
class Offer:
    """
    An assignment that the operator has put on the server.

    Args:
        name: Of its folder.
        folder: Where it is.
        title: What people call it; empty if it is broken.
        problem: Why it cannot be imported; empty if it can.
        content_hash: Of its present version.
    """

    name: str
    folder: Path
    title: str = ""
    problem: str = ""
    content_hash: str = ""


def offers(folders: tuple[Path, ...]) -> Iterator[Offer]:
    """Return the assignments that can be imported, and those that cannot, with the reason."""
    for place in folders:
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if (folder / "assignment.toml").is_file():
                yield _offer(folder)


def prepare(snapshots: Path, folders: tuple[Path, ...], name: str) -> Assignment:
    """
    Copy an assignment's folder as it stands now, and build its notebooks beside the copy.

    This takes seconds, so it is for before a transaction, or between two; `import_version` comes
    after.

    Args:
        snapshots: Where copies are kept.
        folders: Where the operator has put assignments.
        name: Which one. Hidden tests are trusted code, so only the server's own folders count.

    Raises:
        RuleError: If there is none of that name, or it is broken.
    """
    folder = next((offer.folder for offer in offers(folders) if offer.name == name), None)
    if folder is None:
        raise RuleError("There is no such assignment on the server.")
    return prepare_folder(snapshots, folder)


def prepare_folder(snapshots: Path, folder: Path) -> Assignment:
    """
    Copy an assignment's folder, and build its notebooks beside the copy; see `prepare`.

    Raises:
        RuleError: If it is broken.
    """
    try:
        assignment = load_assignment(folder)
        built = _built(assignment)
        _copy(folder, snapshots / assignment.content_hash / assignment.name)
    except AssignmentError as error:
        raise RuleError(f"This assignment is broken: {error}") from None
    _keep(snapshots, assignment, built)
    return assignment


def import_version(session: Session, assignment: Assignment) -> Snapshot:
    """
    Return the row of an assignment that was prepared; each version has one row.

    Args:
        session: A writing session; the caller commits.
        assignment: What was prepared.
    """
    known = select(Snapshot).where(Snapshot.content_hash == assignment.content_hash)
    found = session.scalar(known)
    if found is not None:
        return found
    snapshot = Snapshot(
        name=assignment.name,
        content_hash=assignment.content_hash,
        title=assignment.title,
        max_tenths=_tenths(assignment.points),
        questions=_questions(assignment),
    )
    try:
        with session.begin_nested():
            session.add(snapshot)
    except IntegrityError:  # another course has imported it at the same moment
        return session.scalars(known).one()
    return snapshot


def snapshot_folder(snapshots: Path, snapshot: Snapshot) -> Path:
    """Return where a snapshot's copy is; its last part is the assignment's name."""
    return snapshots / snapshot.content_hash / snapshot.name


def _notebook_file(snapshots: Path, content_hash: str, kind: Kind) -> Path:
    # A later version of the program builds anew.
    return snapshots / content_hash / f"{kind}-{BUILD_VERSION}.ipynb"


def notebook(snapshots: Path, snapshot: Snapshot, kind: Kind) -> bytes:
    """
    Return what students download; built now if it is not kept, which takes seconds.

    Args:
        snapshots: Where copies are kept.
        snapshot: Of which.
        kind: Which of the two.
    """
    place = _notebook_file(snapshots, snapshot.content_hash, kind)
    if not place.is_file():
        keep_notebooks(snapshots, load_assignment(snapshot_folder(snapshots, snapshot)))
    return place.read_bytes()


def keep_notebooks(snapshots: Path, assignment: Assignment) -> None:
    """
    Build both notebooks, unless they are kept already.

    Raises:
        AssignmentError: If anything hidden would get out.
    """
    places = [_notebook_file(snapshots, assignment.content_hash, kind) for kind in _KINDS]
    if not all(place.is_file() for place in places):
        _keep(snapshots, assignment, _built(assignment))


def model_answer(snapshots: Path, snapshot: Snapshot, question_id: str) -> str:
    """Return the master's solution of a written question, in Markdown."""
    found = _question(snapshot_folder(snapshots, snapshot), question_id)
    return "" if found is None else _markdown(found.solution)


def solution_text(snapshots: Path, snapshot: Snapshot, question_id: str) -> str:
    """Return the master's solution of any question, in Markdown, with its code as blocks."""
    found = _question(snapshot_folder(snapshots, snapshot), question_id)
    cells = () if found is None else found.solution
    return "\n\n".join(
        f"```python\n{cell.source}\n```" if cell.kind == "code" else cell.source for cell in cells
    )


def prompt(snapshots: Path, snapshot: Snapshot, question_id: str) -> str:
    """Return a question's text as the student notebook shows it, in Markdown."""
    found = _question(snapshot_folder(snapshots, snapshot), question_id)
    return "" if found is None else _markdown(found.prompt)


def given_texts(snapshots: Path, snapshot: Snapshot) -> frozenset[str]:
    """Return the texts of the student notebook's cells: an answer of such cells alone is blank."""
    return _given_texts(snapshot_folder(snapshots, snapshot))


# Built for a page that looks for blank answers; a version never changes.
@lru_cache(maxsize=64)
def _given_texts(folder: Path) -> frozenset[str]:
    cells = build_student(load_assignment(folder)).notebook["cells"]
    return frozenset(str(cell["source"]) for cell in cells)


# A snapshot's folder never changes; pages that grade ask for one question after another.
@lru_cache(maxsize=256)
def _question(folder: Path, question_id: str) -> Question | None:
    questions = load_assignment(folder).questions
    return next((each for each in questions if each.id == question_id), None)


def _markdown(cells: Iterable[Cell]) -> str:
    return "\n\n".join(cell.source for cell in cells if cell.kind == "markdown")


def _offer(folder: Path) -> Offer:
    return _offer_of(folder, stamp_of(folder))


@lru_cache(maxsize=256)
def _offer_of(folder: Path, _stamp: object) -> Offer:
    """Read a folder once for each state of its files; whoever imports it reads it again."""
    try:
        assignment = load_assignment(folder)
    except AssignmentError as error:
        return Offer(folder.name, folder, problem=str(error))
    return Offer(folder.name, folder, assignment.title, "", assignment.content_hash)


def _copy(source: Path, target: Path) -> None:
    """Copy so that a crash leaves either the whole folder or none."""
    if target.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=UNFINISHED) as temporary:
        copy = Path(temporary) / target.name
        copy_folder(source, copy)
        copy.rename(target)


def _built(assignment: Assignment) -> dict[Kind, bytes]:
    return {
        "student": build_student(assignment).text.encode(),
        "solution": build_solution(assignment).text.encode(),
    }


def _keep(snapshots: Path, assignment: Assignment, built: dict[Kind, bytes]) -> None:
    for kind, content in built.items():
        write_file(_notebook_file(snapshots, assignment.content_hash, kind), content)


def _prompt_hash(question: Question) -> str:
    return hashlib.sha256(_markdown(question.prompt).encode()).hexdigest()


def _tenths(points: Fraction) -> int:
    return int(points * 10)


def _questions(assignment: Assignment) -> tuple[SnapshotQuestion, ...]:
    return tuple(
        SnapshotQuestion(
            question.id,
            _tenths(question.points),
            question.manual,
            tuple(
                SnapshotRubricItem(_tenths(item.points), item.text)
                for item in assignment.rubric.get(question.id, ())
            ),
            _prompt_hash(question) if question.manual else "",
        )
        for question in assignment.questions
    )
