"""Submissions on their way: accepted, queued, leased to a worker."""
