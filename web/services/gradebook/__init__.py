"""A class's results: gradebook, statistics, exports."""
