"""A portal in which people grade; what the tests gave is put in, so that no kernel need run."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from tests.browser.conftest import ROOT, Site, _fill
from web.config import Settings
from web.db import open_database
from web.factory import create_app
from web.setup import migrate


def fill(data: Path) -> None:
    """Fill a folder with a portal's data, to be copied for each portal of the same start."""
    settings = _settings(data)
    migrate(settings)
    database = open_database(settings.database_url)
    shutil.copytree(ROOT / "assignments" / "xor", data / "assignments" / "xor")
    with database.write.begin() as session:
        _fill(session, settings)
    database.engine.dispose()


@contextmanager
def serve(filled: Path, data: Path) -> Iterator[Site]:
    """Run a portal with a copy of the data; a test may change the assignment xor in it."""
    shutil.copytree(filled, data, dirs_exist_ok=True)
    settings = _settings(data)
    database = open_database(settings.database_url)
    server = make_server("127.0.0.1", 0, create_app(settings, database), threaded=True)
    # The default looks for the end twice a second.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.port}", settings, database)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        database.engine.dispose()


def _settings(data: Path) -> Settings:
    return Settings(
        data=data,
        database_url=f"sqlite:///{data / 'portal.sqlite3'}",
        assignment_folders=(data / "assignments",),
        secret_key="0" * 64,
    )
