"""From a submission to its report: the only place that wires the stages together."""

from autograder.grade.grader import Grader, grade, read_submission

__all__ = ["Grader", "grade", "read_submission"]
