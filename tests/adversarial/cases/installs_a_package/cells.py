# %% start
get_ipython().system("pip install numpy-financial 2>&1 | tail -1")
