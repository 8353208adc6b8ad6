"""Reference solutions of the course, one module per assignment, in NumPy and in TensorFlow."""
