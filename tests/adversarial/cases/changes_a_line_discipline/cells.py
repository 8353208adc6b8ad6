# %% start
import fcntl
import pty
import struct

_, terminal = pty.openpty()
fcntl.ioctl(terminal, 0x5423, struct.pack("i", 2))
