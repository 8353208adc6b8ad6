# %% start
from IPython.display import HTML, display

display(HTML("<p>" + "x" * (3 * 2**20)))
