"""
The release gate: all that one assignment has to prove, as steps that can run side by side.

1. The folder loads, the student notebook holds no secret, the tests collect.
2. The solution gets full marks, by the whole pipeline and for every seed; so do the NumPy and the
   TensorFlow reference. The starter and an empty notebook get nothing. Each twice alike.
3. Every misconception loses points on its question and on no other, every alternative none.
4. Mutants of the solution are killed.
5. Every hidden test fails some wrong answer.

Most of it happens on a `Bench`; what comes out otherwise than expected is graded again as a
submission before it is reported.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from autograder.assignment import Assignment
from autograder.build import build_student
from autograder.errors import AssignmentError
from autograder.examiner import TestDescription
from autograder.grade import Grader
from autograder.report import Report, TestResult, question_score
from autograder.validate.bank import Answer, ReferenceAnswers
from autograder.validate.bench import Bench, Outcome
from autograder.validate.mutants import EquivalentMutant, Mutant
from autograder.validate.proof import REQUIRED_KILL_RATE, Fault, Hint, Kind, Proof, kill_rate
from autograder.validate.solved import SolvedNotebook
from autograder.variants import Variant
from autograder.verdict import Verdict

LEAST_SEEDS: Final = 25
QUICK_SEEDS: Final = 3
WRONG_ANSWER_SEEDS: Final = 5
QUICK_MUTANTS: Final = 30
MUTANT_CALL_SECONDS: Final = 4.0
"""A mutant that takes longer, where the solution takes milliseconds, runs without end."""
EMPTY_NOTEBOOK: Final = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
