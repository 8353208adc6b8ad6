# %% end
from IPython.display import display

display({f"text/x-{number}": "" for number in range(90_000)}, raw=True)
