"""What the parts' own tests use: the tiny assignment, and a portal."""

from tests.autograder.conftest import make_assignment, tiny
from tests.web.conftest import (
    engine,
    filled,
    hashed_password,
    portal,
    quick_hashes,
    server,
    toy,
    toy_folder,
    url,
    world,
)

__all__ = [
    "engine",
    "filled",
    "hashed_password",
    "make_assignment",
    "portal",
    "quick_hashes",
    "server",
    "tiny",
    "toy",
    "toy_folder",
    "url",
    "world",
]
