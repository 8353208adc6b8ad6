"""Names that both sides of the sandbox use."""

SERVE_CALLS = "autograder_serve_calls"
