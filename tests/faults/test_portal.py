"""The portal's process is killed, and browsers leave in the middle of what they send."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest

from tests.autograder.sandbox.processes import children_of
from tests.web.conftest import PASSWORD, PEOPLE, ROOT, World
from tests.web.services.submissions.test_submitting import PLACE, files, notebook, stored
from web.serve import THREADS, _portal_command

BOUNDARY = "boundary"
FORM = "application/x-www-form-urlencoded"
UPLOAD = f"multipart/form-data; boundary={BOUNDARY}"
PATIENCE_SECONDS = 60.0


@dataclass
class Site:
    """A portal behind a port, and a student who has signed in."""

    port: int
    process: subprocess.Popen[bytes]
    cookies: dict[str, str] = field(default_factory=dict)

    def headers(self, kind: str, length: int) -> dict[str, str]:
        """What a browser sends with a form."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "Content-Type": kind, "Content-Length": str(length)}

    def request(
        self, method: str, path: str, body: bytes = b"", kind: str = FORM
    ) -> tuple[int, str]:
        """Send a request as a whole; return the answer's code and text."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, self.headers(kind, len(body)))
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie", []):
                name, _, rest = cookie.partition("=")
                self.cookies[name] = rest.partition(";")[0]
            return answer.status, answer.read().decode()

    def token(self, page: str) -> str:
        """The CSRF mark of a page's first form."""
        _, _, rest = self.request("GET", page)[1].partition('name="csrf_token" value="')
        return rest.partition('"')[0]

    def sign_in(self) -> None:
        """As the student."""
        fields = {"email": PEOPLE["student"][0], "password": PASSWORD}
        body = urllib.parse.urlencode(fields | {"csrf_token": self.token("/sign-in")})
        assert self.request("POST", "/sign-in", body.encode())[0] == 303

    def upload(self) -> bytes:
        """The body of a form with a notebook."""
        lines = [
            f"--{BOUNDARY}",
            'Content-Disposition: form-data; name="csrf_token"',
            "",
            self.token(PLACE),
            f"--{BOUNDARY}",
            'Content-Disposition: form-data; name="notebook"; filename="xor.ipynb"',
            "",
            notebook("xor").decode(),
            f"--{BOUNDARY}--",
            "",
        ]
        return "\r\n".join(lines).encode()

    def send_half(self, body: bytes) -> socket.socket:
        """Begin to send a form, and keep the connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), 30)
        lines = [f"POST {PLACE}hand-in HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers(UPLOAD, len(body)).items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body[: len(body) // 2])
        return connection

    def wait_until_it_answers(self) -> None:
        """Ask again and again for a page."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException):
                assert self.request("GET", "/sign-in")[0] < 400
                return
            time.sleep(0.1)
        pytest.fail("the portal does not answer")


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    """The portal as `autograder serve` starts it, without graders."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {
        "AUTOGRADER_DATA": str(world.settings.data),
        "AUTOGRADER_ASSIGNMENTS": str(ROOT / "assignments"),
    }
    with (
        (world.settings.data / "portal.log").open("wb") as log,
        subprocess.Popen(
            _portal_command(f"127.0.0.1:{port}"),
            env={**os.environ, **places},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            running = Site(port, process)
            running.wait_until_it_answers()
            running.sign_in()
            yield running
        finally:
            process.terminate()


def check_that_a_whole_one_arrives(world: World, site: Site) -> None:
    """It is the first attempt, and the only file."""
    assert (stored(world), files(world)) == ([], [])

    assert site.request("POST", f"{PLACE}submit", site.upload(), UPLOAD)[0] == 303

    assert [each.number for each in stored(world)] == [1]
    assert files(world) == [notebook("xor")]


def test_uploads_that_are_cut(world: World, site: Site) -> None:
    """More of them than the portal has threads: none stays, and none holds one."""
    body = site.upload()
    for _ in range(THREADS + 6):
        site.send_half(body).close()

    assert site.request("GET", PLACE)[0] == 200
    check_that_a_whole_one_arrives(world, site)


def test_a_portal_that_is_killed_during_an_upload(world: World, site: Site) -> None:
    """It is started again; the browser loses its connection, and nobody an attempt."""
    (worker,) = children_of(site.process.pid)
    with closing(site.send_half(site.upload())) as connection:
        os.kill(worker, signal.SIGKILL)
        # One that was still waiting in line is the next worker's, who waits for the other half.
        with suppress(ConnectionError, TimeoutError):
            assert connection.recv(1) == b""

    site.wait_until_it_answers()
    assert children_of(site.process.pid) != [worker]
    check_that_a_whole_one_arrives(world, site)
