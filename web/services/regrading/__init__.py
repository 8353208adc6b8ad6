"""Grading again after the tests were corrected."""
