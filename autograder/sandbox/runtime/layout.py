"""Where things are inside the sandbox, and as whom a kernel runs there."""

UID = 1000
# What kernels' own users are called in the fork server's namespace, from here on.
FIRST_KERNEL_USER = 100_000
HOME = "/home/student"
# One kernel's connection file and sockets; the guardian makes it read-only once these are bound.
KERNEL_FOLDER = "/run/kernel"
CONNECTION_FILE = f"{KERNEL_FOLDER}/connection.json"
# The same of all kernels, which the fork server alone sees.
SOCKETS_FOLDER = "/run/sockets"
SCRATCH = "/scratch"
WRITABLE = (HOME, "/tmp", "/dev/shm", KERNEL_FOLDER)  # noqa: S108  # the sandbox's own
# Below the grader and the portal.
NICE = 3
