"""Assignments: a folder, its master notebook, and what is built from them for students."""

from autograder.assignment.folder import (
    Assignment,
    RubricItem,
    content_hash,
    find_assignment,
    load_assignment,
    public_data,
    reference_file,
    stamp_of,
)

__all__ = [
    "Assignment",
    "RubricItem",
    "content_hash",
    "find_assignment",
    "load_assignment",
    "public_data",
    "reference_file",
    "stamp_of",
]
