"""
What the sandbox allows, as data: limits, mounts, environment, system calls. Default is deny.

bubblewrap is only as strong as its arguments, and the inner sandbox only as strong as these tables.
`tests/autograder/sandbox/test_policy.py` tests them as data, `autograder doctor` tries them from
inside.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from autograder.sandbox.runtime.layout import HOME, KERNEL_FOLDER, SCRATCH, UID


@dataclass(frozen=True)
class KernelUsers:
    """
    A range of user ids that kernels, or examiners, may have, each another one.

    Args:
        first: The first of them, as the machine counts.
        count: How many.
    """

    first: int
    count: int


RUNTIME: Final = "/opt/autograder"
VENV: Final = "/opt/environment"
# Not "nobody", whose other processes could signal a sandbox. systemd's table of user ids lists this
# range as unused, and a container's 65536 ids hold it.
ROOT_DROPS_TO_UID: Final = 61000
# Users for examiners that root starts, each another one: what Linux counts by user, an assignment's
# tests could use up for those of others. Also an unused range, and no kernel's.
ROOT_EXAMINER_USERS: Final = KernelUsers(60706, 294)
# The rest of the first range: one for each kernel that root's fork servers make.
ROOT_KERNEL_USERS: Final = KernelUsers(ROOT_DROPS_TO_UID + 1, 183)
MOST_KERNEL_USERS: Final = 65536

ENVIRONMENT: Final[Mapping[str, str]] = {
    "HOME": HOME,
    "USER": "student",
    "LOGNAME": "student",
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "TMPDIR": "/tmp",  # noqa: S108  # the kernel's own
    "IPYTHONDIR": f"{HOME}/.ipython",
    "MPLCONFIGDIR": f"{HOME}/.matplotlib",
    "FONTCONFIG_FILE": f"{RUNTIME}/fonts.conf",  # without it fc-list complains in the cell
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "KERAS_HOME": f"{HOME}/.keras",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "JUPYTER_PLATFORM_DIRS": "1",
    # One thread: several students share the cores, and results must not depend on their number.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
    # `!pip install` ends at once instead of waiting for a network that is not there.
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}

# Shared libraries and the shell; nothing of /usr/local, /etc, /opt, /srv, /var or /home. Of
# /usr/lib no more than that: all is kept in memory (`residency`), and shows what is installed.
SYSTEM_FOLDERS: Final = (
    "/usr/bin",
    f"/usr/lib/{os.uname().machine}-linux-gnu",
    "/usr/lib/locale",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/share/zoneinfo",
)
MERGED_FOLDERS: Final = ("/bin", "/lib", "/lib32", "/lib64")
SYSTEM_FILES: Final = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
# Where the launcher, which may be root, finds programs.
LAUNCHER_PATH: Final = "/usr/bin:/bin"
EMPTY_FOLDERS: Final = (SCRATCH, KERNEL_FOLDER)
# Where libraries write while the fork server imports them; each kernel mounts its own over them.
FORK_SERVER_SCRATCH_FOLDERS: Final = ("/tmp", HOME)  # noqa: S108
PASSWD: Final = f"student:x:{UID}:{UID}:student:{HOME}:/bin/sh\n"
GROUP: Final = f"student:x:{UID}:\n"
FONTS: Final = "<fontconfig/>\n"

# System calls that student code has no use for and that have been ways out of sandboxes: new
# namespaces and mounts, tracing, keys, programs in the kernel, memory that no limit counts, what
# all processes of the machine's user share a small number of, and all that shows or chooses which
# pages of a file are in memory: kernels share the environment's files, and with them that state.
DENIED_SYSTEM_CALLS: Final = tuple(
    """
    acct add_key bpf cachestat chroot clock_adjtime clock_settime delete_module fadvise64
    fanotify_init finit_module fsconfig fsmount fsopen fspick init_module inotify_init
    inotify_init1 io_setup io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp
    kexec_file_load kexec_load keyctl landlock_create_ruleset lookup_dcookie memfd_create
    memfd_secret mincore modify_ldt mount mount_setattr move_mount move_pages mq_open msgget
    name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open personality
    pidfd_getfd pivot_root preadv2 process_madvise process_vm_readv process_vm_writev ptrace
    pwritev2 quotactl quotactl_fd readahead reboot request_key sched_setattr semget set_mempolicy
    setdomainname sethostname setns settimeofday shmget swapoff swapon sync syncfs sysinfo syslog
    umount2 unshare uselib userfaultfd vhangup vmsplice
    """.split()  # noqa: SIM905  # eighty quoted names would be eighty lines
)
# Answered with success, and done nowhere: locks stand on files that kernels share, so one kernel
# could see what another one has locked, and no limit counts their memory. SQLite, HDF5 and others
# refuse a file that they cannot lock; in a kernel's own scratch nobody else is there to lock out.
IGNORED_LOCK_CALLS: Final = ("flock",)
IGNORED_LOCK_COMMANDS: Final = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
# F_SETLEASE, F_NOTIFY, the hints on how long data will live, which stay with a file, and
# F_SETPIPE_SZ: a larger pipe holds more than the guardian counts.
DENIED_FILE_COMMANDS: Final = (1024, 1026, 1031, 1036, 1038)
# MADV_MERGEABLE, MADV_COLD, MADV_PAGEOUT, MADV_COLLAPSE: state of pages that others may share.
DENIED_ADVICE: Final = (12, 20, 21, 25)
# PR_SET_DUMPABLE would hide memory from the guardian; PR_SCHED_CORE would take whole cores;
# PR_SET_MEMORY_MERGE is MADV_MERGEABLE for all.
DENIED_PROCESS_OPTIONS: Final = (4, 62, 67)
# SO_PASSPIDFD, SO_PEERPIDFD: a handle on the process at a socket's other end, the grader.
SOL_SOCKET: Final = 1
DENIED_SOCKET_OPTIONS: Final = (76, 77)
# SO_SNDBUF, SO_RCVBUF and both by force: answered with success, and done nowhere. The guardian
# counts what a socket holds by default; a machine may allow a hundred times as much.
IGNORED_SOCKET_OPTIONS: Final = (7, 8, 32, 33)
# Urgent data has no use between processes, and a history of faults in Linux; argument of the flags.
MSG_OOB: Final = 1
FLAGGED_SENDS: Final[Mapping[str, int]] = {
    "sendto": 3,
    "sendmsg": 2,
    "sendmmsg": 3,
    "recvfrom": 3,
    "recvmsg": 2,
    "recvmmsg": 3,
}
AF_NETLINK: Final = 16
ALLOWED_SOCKET_FAMILIES: Final = (1, AF_NETLINK)  # AF_UNIX; libzmq aborts without the other
# Shared pages without a file, and huge ones, are in no process's count once they are unmapped.
DENIED_MAP_FLAGS: Final = (0x01 | 0x20, 0x40000)  # MAP_SHARED | MAP_ANONYMOUS; MAP_HUGETLB
NAMESPACE_CLONE_FLAGS: Final = 0x7E020080
# A thread with descriptors of its own would hide them from the count by process.
CLONE_THREAD: Final = 0x10000
CLONE_FILES: Final = 0x400
# TIOCSTI and TIOCLINUX type for others, TIOCSETD loads modules, TIOCCONS takes what others print.
DENIED_TERMINAL_REQUESTS: Final = (0x5412, 0x541C, 0x5423, 0x541D)


@dataclass(frozen=True)
class Mount:
    """
    One thing of the host's that the sandbox sees, read-only.

    Args:
        source: Where it is on the host.
        target: Where the sandbox sees it.
    """

    source: Path
    target: str
