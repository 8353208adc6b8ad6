"""What `test_limits` runs in a kernel; never imported, its text is sent there."""

# Student code is not linted either.
# ruff: noqa: D103, PTH123

from __future__ import annotations

import ctypes
import mmap
import os
import select
import signal
import socket
import subprocess
import threading
import time

MEGABYTE = 2**20
libc = ctypes.CDLL(None)
held = []


def hold(megabytes):
    held.append(b"x" * (megabytes * MEGABYTE))


def in_children(count, action):
    for _ in range(count):
        if os.fork() == 0:
            action()
            time.sleep(100)
    time.sleep(100)


def memory_in_one_process():
    while True:
        hold(50)


def memory_in_children():
    in_children(4, lambda: hold(140))


def memory_behind_a_thread_that_has_ended():
    def hide():
        threading.Thread(target=lambda: (hold(140), time.sleep(100))).start()
        libc.syscall(60 if os.uname().machine == "x86_64" else 93, 0)

    in_children(4, hide)


def memory_behind_a_closed_door():
    in_children(4, lambda: (libc.prctl(4, 0), hold(140)))


def under_another_name(name, attack):
    """Linux shows the name in files that also hold numbers; a line must not begin in it."""
    libc.prctl(15, bytes.fromhex(name))
    attack()


def memory_in_children_under_a_name(name):
    under_another_name(name, memory_in_children)


def time_under_a_name(name):
    under_another_name(name, endless)


def memory_in_page_tables():
    """Look at a byte of each two megabytes: nothing but a page table stands behind each."""

    def touch():
        place = mmap.mmap(
            -1, 8000 * MEGABYTE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ
        )
        held.append((place, sum(place[i] for i in range(0, len(place), 2 * MEGABYTE))))

    in_children(40, touch)


def watch_everything():
    """Let each of many epoll instances watch each of many files under each of many numbers."""
    files = [os.pipe()[0] for _ in range(20)]
    instances = [select.epoll() for _ in range(20)]
    for source in files:
        for number in range(150, 250):
            os.dup2(source, number)
            for instance in instances:
                instance.register(number, 0)
    time.sleep(100)


def hold_in_flight():
    pair = socket.socketpair()
    held.append(pair)
    for _ in range(100):
        socket.send_fds(pair[0], [b"x"], [0])
    time.sleep(100)


def hold_and_run_commands(megabytes, count):
    """Each command begins in a child that has its parent's memory until it becomes the command."""
    hold(megabytes)
    for _ in range(count):
        subprocess.run(["/bin/true"], check=True)
    return count


def spin(count, own_session):
    children = []
    for _ in range(count):
        children.append(os.fork())
        if children[-1] == 0:
            if own_session:
                os.setsid()
            endless()
    return children


def states(pids):
    found = []
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            found.append(file.read().rpartition(")")[2].split()[0])
    return found


def shares(pids):
    found = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/autogroup") as file:
                found.append(file.read().split()[-1])
        except OSError:
            pass
    return found


def policies(pids):
    return [os.sched_getscheduler(pid) for pid in pids]


def burn_unseen():
    """Use half a second in one process after another; the parent asks for the end of none."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ended, running = os.pipe()
        if os.fork() == 0:
            while time.process_time() < 0.5:
                pass
            os._exit(0)
        os.close(running)
        os.read(ended, 1)
        os.close(ended)


def burn(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def burn_in_children(count, seconds):
    """Use that much in each of some processes beside each other."""
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            burn(seconds)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def memory_in_sockets():
    in_children(6, fill_sockets)


def fill_sockets():
    try:
        while True:
            pair = socket.socketpair()
            held.append(pair)
            for end in pair:
                fill(end)
    except OSError:
        pass


def fill(end):
    end.setblocking(False)
    try:
        while True:
            end.send(bytes(2**15))
    except BlockingIOError:
        pass


def share_memory(megabytes, children):
    hold(megabytes)
    for _ in range(children):
        if os.fork() == 0:
            time.sleep(100)


def burn_in_orphans():
    """Use a third of a second in one process after another, each with a parent that has ended."""
    while True:
        ended, running = os.pipe()
        if os.fork() == 0:
            if os.fork() == 0:
                while time.process_time() < 0.3:
                    pass
            os._exit(0)
        os.close(running)
        os.wait()
        os.read(ended, 1)
        os.close(ended)


def fill_file(path, megabytes):
    try:
        with open(path, "wb") as file:
            file.write(bytes(megabytes * MEGABYTE))
    except OSError as error:
        return error.strerror
    return "done"


def make_files(folder, count):
    for number in range(count):
        try:
            open(f"{folder}/{number}", "w").close()
        except OSError as error:
            return number, error.strerror
    return count, "done"


def bomb():
    for number in range(100):
        try:
            if os.fork() == 0:
                time.sleep(100)
        except OSError:
            return number
    return 100


def endless():
    while True:
        pass


def stop():
    os.kill(os.getpid(), signal.SIGSTOP)


def leave(status):
    os._exit(status)


def ask_to_leave():
    raise SystemExit(0)


def many_objects(count):
    return [object() for _ in range(count)]
