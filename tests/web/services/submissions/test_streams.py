"""Streams of events: a few for each person, and none that nobody reads any more."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from werkzeug.serving import make_server

from tests.web.conftest import World
from tests.web.services.submissions.test_queue import queue
from web.blueprints.submissions import streams


@pytest.fixture
def request_events(world: World) -> Iterator[Callable[[str, str], socket.socket]]:
    """Return what asks a real server for the events of a submission, as somebody."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def request(who: str, public_id: str) -> socket.socket:
        cookie = world.client(who).get_cookie("session")
        assert cookie is not None
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        connection.sendall(
            f"GET /submissions/{public_id}/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Cookie: session={cookie.value}\r\n\r\n".encode()
        )
        return connection

    yield request
    server.shutdown()
    thread.join()
    server.server_close()


def status_of(connection: socket.socket) -> int:
    """Return the answer's status."""
    return int(connection.recv(1 << 16).split()[1])


def read_event(connection: socket.socket) -> None:
    """Read the answer up to its first event."""
    data = b""
    while b"}\n\n" not in data:
        data += connection.recv(1 << 16)


def test_one_person_leaves_places_to_others(
    world: World, request_events: Callable[[str, str], socket.socket]
) -> None:
    """A third stream is told to ask again; it is another's that comes next."""
    (own,) = queue(world, "Student")
    (other,) = queue(world, "Other")
    with (
        closing(request_events("student", own)) as first,
        closing(request_events("student", own)) as second,
        closing(request_events("student", own)) as third,
        closing(request_events("other", other)) as another,
    ):
        found = [status_of(each) for each in (first, second)]
        found += [status_of(each) for each in (third, another)]

    assert sorted(found[:3]) == [200, 200, 503]
    assert found[3] == 200


def test_a_stream_that_nobody_reads_ends(
    world: World,
    request_events: Callable[[str, str], socket.socket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Long before its minute is over, though nothing happens to the submission."""
    monkeypatch.setattr(streams, "COMMENT_SECONDS", 0.2)
    (own,) = queue(world, "Student")
    for _ in range(2):
        with closing(request_events("student", own)) as stream:
            read_event(stream)
    deadline = time.monotonic() + 30

    status = 503
    while status == 503 and time.monotonic() < deadline:
        with closing(request_events("student", own)) as again:
            status = status_of(again)

    assert status == 200


def test_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers pass them over; an event is sent once."""
    monkeypatch.setattr(streams, "COMMENT_SECONDS", 0.1)
    status = streams.Status("queued", "Queued.", done=False, part=0.0)
    looked = iter([status] * 8 + [streams.Status("graded", "Graded.", done=True, part=1.0)])

    lines = list(streams.EventStream(lambda: next(looked), closed=lambda: None))

    assert [line.startswith("data: ") for line in (lines[0], lines[-1])] == [True, True]
    assert lines[1:-1]
    assert all(line.startswith(":") and line.endswith("\n\n") for line in lines[1:-1])


def test_places_are_counted_by_person() -> None:
    """Not more than two a person, not more than three together; a place given back is free."""
    places = streams.StreamPlaces(3, each=2)

    assert [places.take(1) for _ in range(3)] == [True, True, False]
    assert [places.take(user) for user in (2, 3)] == [True, False]
    places.give_back(1)
    assert [places.take(user) for user in (3, 1)] == [True, False]
