# %% start
print("x" * 12_000_000)
