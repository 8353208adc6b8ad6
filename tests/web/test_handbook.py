"""The handbook for operators names every setting and every command."""

from __future__ import annotations

import argparse
from dataclasses import fields

from tests.web.conftest import ROOT
from web.commands import register
from web.config import Settings

OPERATORS = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
# A field of Settings, where it has another name in the environment or is no setting.
NAMES = {
    "mail_server": "AUTOGRADER_SMTP_URL",
    "assignment_folders": "AUTOGRADER_ASSIGNMENTS",
    "max_upload_bytes": "AUTOGRADER_MAX_UPLOAD_MB",
    "secret_key": "`secret`",
}


def test_every_setting_is_explained() -> None:
    """A setting that nobody can find is none."""
    names = [NAMES.get(each.name, f"AUTOGRADER_{each.name.upper()}") for each in fields(Settings)]

    assert [name for name in names if name not in OPERATORS] == []


def test_every_command_of_the_portal_is_explained() -> None:
    """Init, serve, demo, worker, and what comes."""
    commands = argparse.ArgumentParser().add_subparsers()
    register(commands)

    missing = [name for name in commands.choices if f"autograder {name}" not in OPERATORS]
    assert missing == []
