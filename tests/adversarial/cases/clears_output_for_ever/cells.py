# %% start
from IPython.display import clear_output, display

while True:
    display("x" * 100)
    clear_output(wait=True)
