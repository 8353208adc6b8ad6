# %% start
import os

os.memfd_create("hidden")
