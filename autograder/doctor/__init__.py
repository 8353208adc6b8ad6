"""Which layers of the sandbox hold on this machine, tried from inside a kernel."""
