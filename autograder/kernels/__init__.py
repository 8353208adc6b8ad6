"""Sandboxed kernels in use: made ahead, connected to, and led through a notebook's cells."""
