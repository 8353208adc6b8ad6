# %% start
# Held by: a message that cannot be parsed ends the kernel that sent it, and nothing else.
kernel = get_ipython().kernel
session = kernel.session
header = session.pack(session.msg_header("display_data"))
nested = b'{"data":{"text/plain":"x"},"metadata":' + b"[" * 49_000 + b"]" * 49_000 + b"}"
parts = [header, session.pack(kernel.get_parent()["header"]), b"{}", nested]
kernel.iopub_socket.send_multipart([b"x", b"<IDS|MSG>", session.sign(parts), *parts])
import time

time.sleep(1)
