# %% start
while True:
    pass
