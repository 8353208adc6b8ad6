"""What submissions are worth, by tests and by people, and who may see it."""
