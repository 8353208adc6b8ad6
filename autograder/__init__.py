"""Grade Jupyter notebooks with hidden tests that student code cannot reach."""
