"""Hidden tests: the process that runs them, and how they reach the student's code."""
