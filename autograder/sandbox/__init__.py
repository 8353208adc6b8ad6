"""The sandbox: what keeps student code away from everything else."""
