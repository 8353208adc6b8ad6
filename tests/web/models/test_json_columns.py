"""Values in JSON columns: as they stand in the database, and as the program reads them."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from sqlalchemy import bindparam, create_engine, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from autograder.messages import Message, MessageCode
from autograder.progress import GradingProgress
from tests.web.conftest import World
from web.db import DamagedJson, JsonObject, JsonObjects, StoredMessage
from web.models import (
    ChosenRubricItem,
    ManualGrade,
    Snapshot,
    SnapshotQuestion,
    SnapshotRubricItem,
    Submission,
)

QUESTIONS: Final = (
    SnapshotQuestion("q1", 25, manual=False),
    SnapshotQuestion(
        "q2",
        40,
        manual=True,
        rubric=(SnapshotRubricItem(15, "Names $W$."), SnapshotRubricItem(-5, "No units.")),
    ),
)
QUESTIONS_JSON: Final = [
    {"id": "q1", "points": 25, "manual": False, "rubric": []},
    {
        "id": "q2",
        "points": 40,
        "manual": True,
        "rubric": [{"points": 15, "text": "Names $W$."}, {"points": -5, "text": "No units."}],
    },
]
NO_OBJECTS: Final = ("{", "null", "[1]", '"x"', "")
PROGRESS: Final = GradingProgress("test", 2, 9, "q1")
PROGRESS_JSON: Final = {"stage": "test", "number": 2, "total": 9, "question": "q1"}


def stored(session: Session, column: str) -> str | None:
    """The text that stands in a `table.column` of the table's first row."""
    session.flush()
    query = text(f"SELECT {column} FROM {column.partition('.')[0]} ORDER BY id LIMIT 1")
    found: str | None = session.connection().scalar(query)
    return found


def store(session: Session, column: str, document: object) -> None:
    """Put JSON into a column as an earlier release did."""
    table, _, name = column.partition(".")
    statement = text(f"UPDATE {table} SET {name} = :value").bindparams(
        bindparam("value", json.dumps(document))
    )
    session.execute(statement)
    session.expire_all()


def test_questions_of_a_snapshot(world: World) -> None:
    """They are written in the form that databases hold, and read from it."""
    with world.database.write.begin() as session:
        snapshot = session.scalars(select(Snapshot)).one()
        snapshot.questions = QUESTIONS
        assert stored(session, "snapshot.questions") == json.dumps(QUESTIONS_JSON)

        snapshot.questions = ()
        session.flush()
        store(session, "snapshot.questions", QUESTIONS_JSON)
        assert snapshot.questions == QUESTIONS


def test_chosen_items_of_a_grade(toy: World) -> None:
    """A grade keeps its items as they read then; one without a rubric has none."""
    item = ChosenRubricItem(1, -5, "No units.")
    document = [{"index": 1, "points": -5, "text": "No units."}]
    with toy.database.write.begin() as session:
        grade = session.scalars(select(ManualGrade).order_by(ManualGrade.id)).all()[0]
        assert grade.items == ()
        grade.items = (item,)
        assert stored(session, "manual_grade.items") == json.dumps(document)

        store(session, "manual_grade.items", document)
        assert grade.items == (item,)


def test_progress_of_a_submission(toy: World) -> None:
    """What the worker reports is kept until the end; then `null` stands there, and none is read."""
    with toy.database.write.begin() as session:
        submission = session.scalars(select(Submission).order_by(Submission.id)).all()[0]
        assert submission.progress is None
        submission.progress = PROGRESS
        assert stored(session, "submission.progress") == json.dumps(PROGRESS_JSON)
        submission.progress = None
        assert stored(session, "submission.progress") == "null"

        for document, expected in ((PROGRESS_JSON, PROGRESS), (None, None)):
            store(session, "submission.progress", document)
            assert submission.progress == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        *(
            (JsonObject(GradingProgress), value, None)
            for value in (*NO_OBJECTS, "[]", '{"stage": 1}')
        ),
        *((JsonObjects(ChosenRubricItem), value, ()) for value in NO_OBJECTS),
        *((JsonObjects(SnapshotQuestion), value, ()) for value in (*NO_OBJECTS, '[{"id": 1}]')),
        (DamagedJson(), "{", None),
        (StoredMessage(), '{"code":', Message(MessageCode.TEXT, {"text": '{"code":'})),
        (StoredMessage(), '{"code": 1}', Message(MessageCode.TEXT, {"text": '{"code": 1}'})),
    ],
)
def test_what_is_damaged_spoils_no_query(
    kind: TypeEngine[Any], value: str, expected: object
) -> None:
    """It is read as nothing, or as it stands."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        query = text("SELECT :value AS found").columns(found=kind)
        assert connection.scalar(query, {"value": value}) == expected
    engine.dispose()
