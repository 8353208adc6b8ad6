# %% start
import json

kernel = get_ipython().kernel
kernel.session.pack = lambda message: json.dumps(message, default=str).encode()
print("half a character: \ud800\x00")
error = {"ename": "Err\ud800", "evalue": "\ud800", "traceback": ["\ud800"]}
kernel.session.send(kernel.iopub_socket, "error", error, parent=kernel.get_parent())
# Nothing is lost.
