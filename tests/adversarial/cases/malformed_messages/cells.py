# %% start
import json

from ipykernel.kernelbase import Kernel

kernel = get_ipython().kernel
session, socket = kernel.session, kernel.iopub_socket
parent = kernel.get_parent()["header"]
for parts in ([], [b"x"], [b"{}"] * 3, [b"{"] * 4, [b"null"] * 4, [b'{"msg_type": 3}'] * 4):
    socket.send_multipart([b"topic", b"<IDS|MSG>", session.sign(parts), *parts])
for kind, content in [
    ("status", {}),
    ("status", {"execution_state": []}),
    ("stream", {}),
    ("stream", {"name": [], "text": {}}),
    ("error", {}),
    ("display_data", {}),
    ("update_display_data", {"transient": {"display_id": {}}}),
    ("execute_result", {"data": 3}),
    ("comm_msg", {}),
    ("clear_output", {}),
]:
    session.send(socket, kind, content, parent=kernel.get_parent())
