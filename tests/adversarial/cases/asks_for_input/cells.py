# %% start
input("mark? ")
