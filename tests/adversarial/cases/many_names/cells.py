# %% start
globals().update({f"name{n}": n for n in range(1_100_000)})
