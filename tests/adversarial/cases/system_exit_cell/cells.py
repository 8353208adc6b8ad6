# %% start
raise SystemExit(0)
