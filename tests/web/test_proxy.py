"""HTTPS behind a real nginx, with the site that the operators' handbook gives."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPMessage, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.web.conftest import PASSWORD, PEOPLE, ROOT, World
from tests.web.services.submissions.test_queue import queue
from web.models import SignInAttempt, Submission
from web.serve import _portal_command

NGINX = "/usr/sbin/nginx"
# One client among several of the same machine; nginx sees who it is.
CLIENT, FORGED = "127.0.0.7", "203.0.113.9"
START_SECONDS = 30.0
MEGABYTE = 2**20


@dataclass(frozen=True)
class Site:
    """Where the portal is reached, and how to trust its certificate."""

    world: World
    port: int
    plain_port: int
    context: ssl.SSLContext

    @property
    def address(self) -> str:
        """As a browser shows it."""
        return f"https://localhost:{self.port}"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: HTTPMessage
    text: str


@dataclass
class Browser:
    """Cookies and a referrer, as browsers send them; follows no redirect by itself."""

    site: Site
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)
    forged: bool = False

    def send(self, path: str, form: dict[str, str] | None = None, **raw: Any) -> Answer:
        """Ask for a page, or send a form."""
        data = urllib.parse.urlencode(form).encode() if form is not None else raw.get("data")
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        headers = kind | raw.get("headers", {})
        request = urllib.request.Request(self.site.address + path, data, headers)
        request.add_header("Referer", self.site.address + path)
        self.jar.add_cookie_header(request)
        if self.forged:
            request.add_header("X-Forwarded-For", FORGED)
            request.add_header("X-Forwarded-Host", "evil.example.org")
            request.add_header("X-Forwarded-Proto", "http")
        connection = self.connect()
        connection.request(request.get_method(), path, data, dict(request.header_items()))
        response = connection.getresponse()
        self.jar.extract_cookies(response, request)  # type: ignore[arg-type]  # has all that it asks for
        answer = Answer(response.status, response.headers, response.read().decode())
        connection.close()
        return answer

    def connect(self) -> HTTPSConnection:
        """A connection from the client's own address."""
        return HTTPSConnection(
            "localhost", self.site.port, context=self.site.context, source_address=(CLIENT, 0)
        )

    def token(self, path: str) -> str:
        """The CSRF mark of a page's first form."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.send(path).text)
        assert found is not None
        return found[1]

    def sign_in(self, who: str, password: str = PASSWORD) -> Answer:
        """Fill in the form."""
        form = {"csrf_token": self.token("/sign-in"), "email": PEOPLE[who][0]}
        return self.send("/sign-in", form | {"password": password})


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[Any], log: Path, **options: Any) -> Iterator[None]:
    """Run a program until the block ends."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, **options)
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int, log: Path) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def nginx_configuration(folder: Path, ports: dict[str, int]) -> Path:
    """The handbook's site, with the places and ports of this test."""
    if not Path(NGINX).exists():
        pytest.fail("nginx is missing; .ci/setup --tests installs it")
    text = (ROOT / "docs" / "operators.md").read_text()
    (site,) = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    plain, https = f"127.0.0.1:{ports['plain']}", f"127.0.0.1:{ports['https']} ssl"
    for written, here in (
        ("listen 80 default_server;", f"listen {plain} default_server;"),
        (
            "listen 443 ssl default_server;",
            f"listen {https} default_server;",
        ),
        ("listen 80;", f"listen {plain};"),
        ("listen 443 ssl;", f"listen {https};"),
        ("portal.example.org", "localhost"),
        ("/etc/ssl/certs/portal.pem", str(folder / "portal.pem")),
        ("/etc/ssl/private/portal.key", str(folder / "portal.key")),
        ("127.0.0.1:8000", f"127.0.0.1:{ports['portal']}"),
    ):
        assert written in site
        site = site.replace(written, here)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    place = folder / "nginx.conf"
    place.write_text(
        f"daemon off; {user} pid {folder}/nginx.pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log {folder}/access.log;\n{paths}{site}}}\n"
    )
    return place


def certificate(folder: Path) -> ssl.SSLContext:
    """A self-signed certificate, and who trusts it."""
    openssl = shutil.which("openssl")
    assert openssl is not None
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost"]
    places = ["-keyout", folder / "portal.key", "-out", folder / "portal.pem"]
    command = [openssl, "req", *options.split(), *names, *places]
    subprocess.run(command, check=True, capture_output=True)
    return ssl.create_default_context(cafile=str(folder / "portal.pem"))


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    """The portal as `autograder serve` runs it, behind nginx; no grading workers."""
    folder = world.settings.data / "proxy"
    folder.mkdir()
    context = certificate(folder)
    ports = {name: free_port() for name in ("plain", "https", "portal")}
    places = {
        "AUTOGRADER_DATA": str(world.settings.data),
        "AUTOGRADER_ASSIGNMENTS": str(ROOT / "assignments"),
        "AUTOGRADER_PUBLIC_URL": f"https://localhost:{ports['https']}",
        "AUTOGRADER_TRUSTED_PROXIES": "1",
        "AUTOGRADER_MAX_UPLOAD_MB": "1",
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
    }
    portal_log, nginx_log = folder / "portal.log", folder / "nginx.log"
    command = _portal_command(f"127.0.0.1:{ports['portal']}")
    assert command[0] == sys.executable
    nginx = [NGINX, "-p", folder, "-c", nginx_configuration(folder, ports)]
    with running(command, portal_log, env=places), running(nginx, nginx_log):
        wait_for(ports["portal"], portal_log)
        wait_for(ports["https"], nginx_log)
        yield Site(world, ports["https"], ports["plain"], context)


def test_cookies_headers_and_redirects_are_those_of_https(site: Site) -> None:
    """Signed in over HTTPS: secure cookies, HSTS, and no way leads back to plain HTTP."""
    browser = Browser(site, forged=True)

    answer = browser.sign_in("instructor")

    assert answer.status == 303
    cookies = answer.headers.get_all("Set-Cookie") or []
    assert any(each.startswith("__Host-session=") for each in cookies)
    assert all("; Secure" in each and "; HttpOnly" in each for each in cookies)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    away = browser.send("/").headers["Location"]
    assert urllib.parse.urljoin(site.address, away).startswith(site.address + "/")
    people = "/courses/dl/staff/people/"
    page = browser.send(people)
    member = re.search(r"people/(\d+)/link", page.text)
    assert member is not None
    form = {"csrf_token": browser.token(people)}
    links = browser.send(f"{people}{member[1]}/link", form).text
    assert f"{site.address}/invitation/" in links
    assert "evil.example.org" not in links


def test_another_host_is_not_answered(site: Site) -> None:
    """Links for passwords carry the name that was asked for."""
    connection = http.client.HTTPConnection("127.0.0.1", site.plain_port)
    connection.request("GET", "/sign-in", headers={"Host": "evil.example.org"})
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()


def test_links_that_set_a_password_are_in_no_log(site: Site) -> None:
    """The log of the proxy is kept for weeks, and read by more people than the portal's data."""
    browser = Browser(site)
    for place in ("/invitation/a-token", "/role/a-token", "/sign-in"):
        browser.send(place)

    log = site.world.settings.data / "proxy" / "access.log"
    # The proxy writes a request's line after the answer has left.
    deadline = time.monotonic() + 10
    while "/sign-in" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "/sign-in" in log.read_text()
    assert "a-token" not in log.read_text()


def test_plain_http_is_sent_to_https(site: Site) -> None:
    """Whoever types the name alone arrives at the right place."""
    connection = http.client.HTTPConnection("127.0.0.1", site.plain_port)
    connection.request("GET", "/courses/dl/?a=1", headers={"Host": "localhost"})
    answer = connection.getresponse()
    connection.close()

    assert answer.status == 301
    assert answer.headers["Location"] == "https://localhost/courses/dl/?a=1"


def test_throttling_goes_by_the_real_address(site: Site) -> None:
    """What nginx saw counts; an address that the browser claims does not."""
    Browser(site, forged=True).sign_in("student", "wrong password")

    with site.world.database.read() as session:
        keys = set(session.scalars(select(SignInAttempt.key)))
    assert f"network:{CLIENT}" in keys
    assert not [each for each in keys if FORGED in each or each == "network:127.0.0.1"]


def test_events_arrive_while_the_stream_is_open(site: Site) -> None:
    """Each comes by itself, at once, and not with the end of the stream."""
    (public_id,) = queue(site.world, "Student")
    browser = Browser(site)
    browser.sign_in("student")
    connection = browser.connect()
    request = urllib.request.Request(f"{site.address}/submissions/{public_id}/events")
    browser.jar.add_cookie_header(request)
    began = time.monotonic()
    connection.request(
        "GET", f"/submissions/{public_id}/events", headers=dict(request.header_items())
    )
    stream = connection.getresponse()

    first = json.loads(stream.readline().removeprefix(b"data: "))
    with site.world.database.write.begin() as session:
        session.scalars(select(Submission)).one().state = "running"
    stream.readline()
    second = json.loads(stream.readline().removeprefix(b"data: "))
    with site.world.database.write.begin() as session:
        session.scalars(select(Submission)).one().state = "unusable"
    stream.read()
    connection.close()

    assert (first["state"], second["state"]) == ("queued", "running")
    # The stream itself lasts a minute.
    assert time.monotonic() - began < 20


def test_upload_that_is_too_large_is_told_in_words(site: Site) -> None:
    """The portal's own page says what to do, not the proxy's."""
    browser = Browser(site)
    browser.sign_in("student")
    place = "/courses/dl/assignments/xor/"
    mark = browser.token(place)
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + mark.encode(),
        b'--b\r\nContent-Disposition: form-data; name="notebook"; filename="a.ipynb"\r\n\r\n'
        + b" " * (5 * MEGABYTE),
        b"--b--\r\n",
    ]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    answer = browser.send(f"{place}submit", data=b"\r\n".join(parts), headers=headers)

    assert answer.status == 413
    assert "This file is too large" in answer.text
    assert "Clear the notebook" in answer.text
