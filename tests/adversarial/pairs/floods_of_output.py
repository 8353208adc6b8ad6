# Everything that a kernel may send at once, files in between; and beside it processes that come and
# go, with work for whoever watches them.
import os

if os.fork() == 0:
    while True:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
kernel = get_ipython().kernel
parent = kernel.get_parent()
while True:
    for kind, content in (
        ("stream", {"name": "stdout", "text": "x" * 100}),
        ("display_data", {"data": {"text/html": "<b>" * 100}, "metadata": {}}),
        ("update_display_data", {"data": {}, "metadata": {}, "transient": {"display_id": "a"}}),
    ):
        kernel.session.send(kernel.iopub_socket, kind, content, parent=parent)
    with open("/tmp/x", "wb") as file:
        file.write(os.urandom(2**16))
