"""What needs doing in a course, what comes next, and where somebody stands: pages that sum up."""
