"""What the process that answers requests does once it is ready."""

from __future__ import annotations

import gc

from web import portal_process


def test_the_collector_passes_over_what_is_loaded() -> None:
    """Whatever is made afterwards is looked at."""
    before = gc.get_freeze_count()
    try:
        portal_process.post_worker_init(None)
        assert gc.get_freeze_count() > before + 10_000
        assert len(gc.get_objects()) < 10_000
    finally:
        gc.unfreeze()
