"""What `test_inside` runs in a kernel; never imported, its text is sent there."""

# Student code is not linted either.
# ruff: noqa: D103, F401, PLW1510, PTH115, PTH123, PTH208, SIM115

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)


def outcome(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return "done"


def system_call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "done"


def status():
    with open("/proc/self/status") as file:
        return dict(line.strip().partition(":")[::2] for line in file)


def writable_mounts():
    places = set()
    for line in open("/proc/self/mountinfo"):
        _, _, _, _, place, options, *_ = line.split()
        places.discard(place)  # a later mount hides an earlier one
        if "ro" not in options.split(","):
            places.add(place)
    return sorted(places)


def write(path):
    with open(path, "ab") as file:
        file.write(b"x")


def fetch(path):
    with open(path, "rb") as file:
        return file.read(10)


def descriptors():
    """Count by kind; of sockets those that no socket of this namespace has made."""
    own = open("/proc/net/unix").read() + open("/proc/net/netlink").read()
    counts = {}
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            kind, _, inode = os.readlink(f"/proc/self/fd/{number}").partition(":")
        except OSError:
            continue
        if kind.startswith("/opt/environment/"):
            continue  # the libraries' own; `test_isolation` looks at them
        if kind == "socket":
            with socket.socket(fileno=os.dup(number)) as copy:
                made_here = inode[1:-1] in own or str(copy.getsockname()).startswith("/run/kernel/")
            counts[kind] = counts.get(kind, 0) + (not made_here)
        else:
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def search(patterns, names):
    with open("/tmp/patterns", "w") as file:
        file.write("\n".join(patterns))
    places = [
        f"/{name}" for name in os.listdir("/") if name not in ("proc", "usr", "bin", "lib", "lib64")
    ]
    grep = ["grep", "-rIlF", "--devices=skip", "--exclude=patterns", "--exclude-dir=site-packages"]
    grep += ["--exclude-dir=lib", "-f", "/tmp/patterns", *places]
    options = [word for name in names for word in ("-o", "-name", name)][1:]
    find = ["find", "/", "-not", "-path", "/proc/*", "(", *options, ")"]
    found = []
    for command in (grep, find):
        found += subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    for process in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline", "maps", "mountinfo", "comm"):
            try:
                text = open(f"/proc/{process}/{name}", errors="replace").read()
            except OSError:
                continue
            found += [f"{name} of {process}" for pattern in patterns if pattern in text]
    return found
