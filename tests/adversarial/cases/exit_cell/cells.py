# %% start
exit()
