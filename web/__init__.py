"""The portal: students submit, instructors release, feedback comes at once."""
