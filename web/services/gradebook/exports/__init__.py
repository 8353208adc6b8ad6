"""Marks for other systems: plain CSV, Moodle, Canvas, Gradescope."""
