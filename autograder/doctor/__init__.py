"""What this machine gives of the sandbox, tried from inside a kernel."""
