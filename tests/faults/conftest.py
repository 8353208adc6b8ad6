"""What the parts' own tests use: the tiny assignment, and a portal."""

from tests.autograder.conftest import make_assignment, tiny
from tests.web.conftest import (
    engine,
    filled,
    hashed_password,
    quick_hashes,
    toy,
    toy_folder,
    world,
)

__all__ = [
    "engine",
    "filled",
    "hashed_password",
    "make_assignment",
    "quick_hashes",
    "tiny",
    "toy",
    "toy_folder",
    "world",
]
