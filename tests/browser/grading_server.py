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


@contextmanager
def serve(data: Path) -> Iterator[Site]:
    """Run a portal with a copy of the assignment xor, which a test may change."""
    shutil.copytree(ROOT / "assignments" / "xor", data / "assignments" / "xor")
    settings = Settings(
        data=data,
        database_url=f"sqlite:///{data / 'portal.sqlite3'}",
        assignment_folders=(data / "assignments",),
        secret_key="0" * 64,
    )
    migrate(settings)
    database = open_database(settings.database_url)
    with database.write.begin() as session:
        _fill(session, settings)
    server = make_server("127.0.0.1", 0, create_app(settings, database), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.port}", settings, database)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        database.engine.dispose()
