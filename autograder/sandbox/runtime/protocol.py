"""Names that both sides of the wall use."""

SERVE_CALLS = "autograder_serve_calls"
