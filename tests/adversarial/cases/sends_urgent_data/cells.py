# %% start
import socket

one, other = socket.socketpair()
one.send(b"x", socket.MSG_OOB)
