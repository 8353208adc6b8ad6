"""Assignments prove themselves: the release gate behind ``autograder validate``."""
