# %% start
for number in range(600):
    open(f"/tmp/{number}", "w").close()
