"""What runs beside the pages: grading, warming up, validating assignments."""
