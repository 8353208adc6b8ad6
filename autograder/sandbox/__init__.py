"""The wall: what is between a student's code and everything else."""
