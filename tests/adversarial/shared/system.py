# %% start what_attempts_share ok
import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def refused(attempt, *arguments):
    """Raise unless an attempt fails, or gives -1 as functions of C do."""
    try:
        result = attempt(*arguments)
    except (OSError, ValueError, MemoryError, OverflowError, RuntimeError):
        return
    assert result == -1, f"it worked: {result!r}"


def call(number, *arguments):
    """Call Linux by number."""
    return libc.syscall(ctypes.c_long(number), *map(ctypes.c_void_p, arguments))


def others():
    """Return the processes that can be seen, but for this one and the first."""
    return [
        int(name)
        for name in os.listdir("/proc")
        if name.isdigit() and int(name) not in (1, os.getpid())
    ]


def end_all():
    """End all that an attempt has started."""
    for _ in range(200):
        try:
            os.kill(-1, signal.SIGKILL)
        except OSError:
            break
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break
        time.sleep(0.01)


# %% start spawns_programs_until_it_may_not ok
# Held by the guardian's bound on processes, and RLIMIT_NPROC.
started = []
try:
    for _ in range(500):
        started.append(os.posix_spawn("/bin/sleep", ["sleep", "50"], {}))
except OSError:
    pass
time.sleep(0.3)
living = [pid for pid in others() if b") Z" not in open(f"/proc/{pid}/stat", "rb").read()]
end_all()
assert len(living) <= 40, len(living)


# %% start bomb_of_the_shell ok
# Held by the same, for processes that no Python ever forked.
bomb = subprocess.Popen(["/bin/sh", "-c", "f() { f | f & }; f; wait"], stderr=subprocess.DEVNULL)
time.sleep(0.6)
most = len(others())
end_all()
bomb.wait()
assert most <= 70, most


# %% start threads_with_huge_stacks ok
# Held by RLIMIT_AS and RLIMIT_DATA: a stack is reserved before it is touched.
before = threading.stack_size(512 * 2**20)
waiting, stop = [], threading.Event()
try:
    for _ in range(100):
        waiting.append(threading.Thread(target=stop.wait))
        waiting[-1].start()
except (RuntimeError, MemoryError):
    waiting.pop()
stop.set()
for each in waiting:
    each.join()
threading.stack_size(before)
assert len(waiting) < 20, len(waiting)


# %% start children_that_share_its_memory ok
# Held by the filter: clone3, whose flags a filter cannot read, is not there; new namespaces by
# clone are refused.
refused(call, 435, 0, 88)
refused(call, 56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)


# %% start calls_of_another_machine ok
# Held by the filter: numbers of the x32 ABI would mean other calls to a filter that reads numbers.
child = os.fork()
if child == 0:
    libc.syscall(ctypes.c_long(0x40000000 + 101), 16, 1, 0, 0)  # ptrace
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


# %% start memory_by_growing_a_map ok
# Held by RLIMIT_AS and RLIMIT_DATA.
grown = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
refused(lambda: grown.resize(8 * 2**30) or 0)
grown.close()


# %% start memory_by_the_break ok
# Held by RLIMIT_DATA.
libc.sbrk.restype = ctypes.c_long
refused(lambda: libc.sbrk(ctypes.c_long(4 * 2**30)))


# %% start memory_that_is_locked ok
# Held by RLIMIT_MEMLOCK of 0.
refused(libc.mlockall, 7)
refused(libc.mlock, ctypes.create_string_buffer(4096), 4096)


# %% start memory_of_system_v ok
# Held by the filter: such memory belongs to no process.
refused(call, 29, 1, 2**20, 0o1600)
refused(call, 64, 1, 1, 0o1600)
refused(call, 68, 1, 0o1600)


# %% start memory_behind_secret_files ok
# Held by the filter: memfd_create and memfd_secret are in no count of a process.
refused(call, 447, 0)
refused(call, 319, 0, 0)


# %% start faults_answered_by_itself ok
# Held by the filter: userfaultfd lets a process stop a call of Linux's own in the middle.
refused(call, 323, 0)
refused(os.open, "/dev/userfaultfd", os.O_RDWR)


# %% start huge_pages ok
# Held by the filter: MAP_HUGETLB.
refused(lambda: mmap.mmap(-1, 2**21, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000) and 0)


# %% start pipes_of_a_megabyte ok
# Held by the filter: a pipe beyond its default holds more than the guardian counts.
ends = os.pipe()
refused(fcntl.fcntl, ends[1], 1031, 2**20)
for end in ends:
    os.close(end)


# %% start buffers_of_sockets ok
# Held by the filter: the guardian counts what a socket holds by default, and a machine may allow
# a hundred times as much.
pair = socket.socketpair()
before = pair[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
for option in (socket.SO_SNDBUF, 32):
    try:
        pair[0].setsockopt(socket.SOL_SOCKET, option, 2**28)
    except OSError:
        pass
assert pair[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == before
for end in pair:
    end.close()


# %% start file_beyond_the_scratch ok
# Held by the scratch's size and RLIMIT_FSIZE, also where nothing is written yet.
with open("/tmp/large", "wb") as file:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    refused(os.posix_fallocate, file.fileno(), 0, 200 * 2**20)
    refused(lambda: os.truncate("/tmp/large", 200 * 2**20) or 0)
os.unlink("/tmp/large")


# %% start queues_of_the_kernel ok
# Held by the filter: io_uring's calls are seen by no filter, asynchronous reads by few.
refused(call, 425, 8, 0)
refused(call, 206, 8, 0)
refused(call, 240, 0, 0o100, 0o600, 0)


# %% start programs_in_the_kernel ok
# Held by the filter: bpf, perf_event_open, keys that outlive who made them.
refused(call, 321, 0, 0, 0)
refused(call, 298, 0, 0, -1, -1, 0)
refused(call, 248, 0, 0, 0, 0, 0)
refused(call, 250, 0, 0, 0, 0, 0)


# %% start traces_the_guardian ok
# Held by the filter, and by Landlock behind it.
refused(call, 101, 16, 1, 0, 0)
refused(call, 310, 1, 0, 0, 0, 0, 0)
refused(call, 311, 1, 0, 0, 0, 0, 0)
for name in ("mem", "environ", "maps", "auxv", "stack", "syscall", "exe", "cwd", "root"):
    refused(lambda: os.open(f"/proc/1/{name}", os.O_RDONLY))
refused(os.listdir, "/proc/1/fd")


# %% start traces_itself_by_a_child ok
# Held by the filter: a child cannot trace its parent either, to change what it answers.
child = os.fork()
if child == 0:
    parent = os.getppid()
    worked = call(101, 16, parent, 0, 0) == 0
    worked |= call(101, 0x4206, parent, 0, 0) == 0
    os._exit(worked)
assert os.waitpid(child, 0)[1] == 0


# %% start takes_a_descriptor_of_another_process ok
# Held by the filter: pidfd_getfd. A handle on the guardian itself sends it no signal.
handle = os.pidfd_open(1)
refused(call, 438, handle, 0, 0)
for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, 0):
    refused(lambda: signal.pidfd_send_signal(handle, number) or 0)
os.close(handle)


# %% start signals_the_guardian_by_a_file ok
# Held by Linux: the sender's rights are looked at, and the first of a namespace hears nothing.
ends = os.pipe()
try:
    fcntl.fcntl(ends[0], 8, 1)
    fcntl.fcntl(ends[0], 10, int(signal.SIGKILL))
    fcntl.fcntl(ends[0], fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(ends[1], b"x")
except OSError:
    pass
for end in ends:
    os.close(end)


# %% start signals_everybody_by_timers_and_parents ok
# Held by the namespace of processes: the grader has no number in it.
own = os.getpid()
assert os.getppid() == 1
for target in (1, 2**22 - 1):
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        refused(lambda: os.kill(target, number) or 0)
refused(call, 129, 1, int(signal.SIGTERM), 0)


# %% start a_handle_on_the_grader ok
# Held by the filter: SO_PEERPIDFD; by the namespace: SO_PEERCRED tells 0.
for name in os.listdir("/proc/self/fd"):
    try:
        end = socket.socket(fileno=os.dup(int(name)))
    except OSError:
        continue
    with end:
        if end.family == socket.AF_UNIX:
            peer = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            assert peer[0] in (0, 1, os.getpid()), peer
            refused(lambda: end.getsockopt(socket.SOL_SOCKET, 77) and 0)


# %% start abstract_names_of_the_machine ok
# Held by the namespace of networks: names without a file belong to it.
probe = socket.socket(socket.AF_UNIX)
for name in (
    "\0/tmp/.X11-unix/X0",
    "\0dbus",
    "/run/dbus/system_bus_socket",
    "/var/run/docker.sock",
):
    refused(lambda: probe.connect(name) or 0)
probe.close()


# %% start reads_through_links ok
# Held by the mounts: nothing of it is inside, whatever the path to it.
paths = [
    "/etc/shadow",
    "/proc/self/root/etc/shadow",
    "/proc/1/root/etc/shadow",
    "/proc/self/cwd/../../../etc/shadow",
    "/var/lib",
    "/srv",
    "/work",
    "/sys/kernel",
    "/proc/kcore",
    "/proc/kallsyms",
    "/dev/mem",
    "/dev/sda",
    "/run/kernel/../other",
]
os.makedirs("/tmp/links", exist_ok=True)
for number, path in enumerate(paths):
    link = f"/tmp/links/{number}"
    os.symlink(path, link)
    for each in (path, link):
        try:
            found = os.listdir(each) if os.path.isdir(each) else open(each, "rb").read(64)
        except OSError:
            continue
        assert not found, (each, found)


# %% start mounts_over_its_files ok
# Held by the filter and by the missing capability.
refused(libc.mount, b"tmpfs", b"/tmp", b"tmpfs", 0, None)
refused(libc.mount, b"/proc/1", b"/tmp", None, 4096, None)
refused(libc.umount2, b"/run/kernel", 2)
refused(lambda: os.chroot("/tmp") or 0)
refused(call, 155, 0, 0)


# %% start devices_of_its_own ok
# Held by the missing capability, and by mounts that hold no devices.
refused(lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0)) or 0)
refused(lambda: os.mknod("/tmp/memory", 0o20600, os.makedev(1, 1)) or 0)


# %% start programs_with_more_rights ok
# Held by no-new-privileges, mounts without set-user-id, and a user namespace of one user.
for name in ("su", "mount", "newuidmap", "passwd", "sudo", "ping"):
    if os.path.exists(f"/usr/bin/{name}"):
        run = subprocess.run([f"/usr/bin/{name}", "--help"], capture_output=True, stdin=-3)
        assert run.returncode < 127
refused(lambda: os.setuid(0) or 0)
refused(lambda: os.setgroups([0]) or 0)
assert os.getresuid()[0] == os.getresuid()[1] == os.getresuid()[2] != 0


# %% start raises_what_was_lowered ok
# Held by hard limits, and by a filter that cannot be taken off.
import resource

for kind in (
    resource.RLIMIT_AS,
    resource.RLIMIT_DATA,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_MEMLOCK,
):
    soft, hard = resource.getrlimit(kind)
    refused(lambda: resource.setrlimit(kind, (hard + 1, hard + 1)) or 0)
assert libc.prctl(38, 0, 0, 0, 0) == -1  # no-new-privileges
assert libc.prctl(22, 0, 0, 0, 0) == -1  # seccomp off
assert libc.prctl(4, 0, 0, 0, 0) == -1  # not dumpable: its memory would be in no count


# %% start types_into_its_terminal ok
# Held by the filter: TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS.
own, other = os.openpty()
for request in (0x5412, 0x541C, 0x5423, 0x541D):
    refused(lambda: fcntl.ioctl(other, request, b"x" * 8) and 0)
os.close(own)
os.close(other)


# %% start what_is_left_still_works ok
# After all of that an ordinary cell runs: processes, threads, files.
assert subprocess.run(["echo", "x"], capture_output=True, check=True).stdout == b"x\n"
worker = threading.Thread(target=lambda: None)
worker.start()
worker.join()
open("/tmp/last", "w").write("x")
assert not others()
