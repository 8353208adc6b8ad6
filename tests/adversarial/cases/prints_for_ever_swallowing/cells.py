# %% start
while True:
    try:
        while True:
            print("x" * 1000)
    except KeyboardInterrupt:
        pass
