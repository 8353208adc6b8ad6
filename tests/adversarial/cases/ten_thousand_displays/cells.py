# %% start
from IPython.display import HTML, display

for number in range(10_000):
    display(HTML(f"<b>{number}</b>"))
