"""`autograder demo`: a portal with a made-up course, so that one can look around."""
