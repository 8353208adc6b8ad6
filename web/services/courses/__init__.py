"""Courses and their assignments: rules, versions, deadlines."""
