# %% start
# Held by: JSON's numbers have at most as many digits as Python reads; more end this kernel alone.
kernel = get_ipython().kernel
session = kernel.session
header = session.pack(session.msg_header("display_data"))
number = b'{"data":{"text/plain":"x"},"metadata":{"n":' + b"9" * 10**6 + b"}}"
parts = [header, session.pack(kernel.get_parent()["header"]), b"{}", number]
kernel.iopub_socket.send_multipart([b"x", b"<IDS|MSG>", session.sign(parts), *parts])
import time

time.sleep(1)
