"""The release gate behind ``autograder validate``: assignments are tried before release."""
