# %% start
globals().update({f"name{n}": n for n in range(100_000)})
